-- Removes what no episode owns, if no episode is left.
--
-- KEYS    see experience.lua
--
-- Output  { 'cleared' } | { 'kept' } | { 'closed' } | { 'newer' }

--- @include experience

local meta = readMeta()
local refused = refusal(meta)
if refused then return refused end
if redis.call('ZCARD', ORDER) > 0 then return { 'kept' } end
redis.call('UNLINK', HEADS, EPISODES, AGES, USES)
return { 'cleared' }
