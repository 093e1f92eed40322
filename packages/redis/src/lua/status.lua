-- Reads how far the feed is, and how many episodes there are.
--
-- KEYS    see experience.lua
--
-- Output  { 'status', changes, token, episodes } | { 'closed' } | { 'newer' }

--- @include experience

local meta = readMeta()
local refused = refusal(meta)
if refused then return refused end
return { 'status', meta.changes, meta.token, redis.call('ZCARD', ORDER) }
