-- Reads one episode.
--
-- KEYS    see experience.lua
-- ARGV[1] id
-- ARGV[2] '' to read only; else it counts as a use: now, ms since 1970, or 'server' for the server's clock
--
-- Output  { 'episode', head or nil, rest or nil, sequence or nil } | { 'closed' } | { 'newer' }

--- @include experience

local meta = readMeta()
local refused = refusal(meta)
if refused then return refused end
local id = ARGV[1]
local sequence = redis.call('ZSCORE', ORDER, id)
if sequence and meta.ttl and ARGV[2] ~= '' then
  -- A use that cannot be noted does not keep the episode from its reader.
  redis.pcall('ZADD', USES, 'XX', clock(ARGV[2] == 'server' and '' or ARGV[2]), id)
  expireKeys(meta)
end
return { 'episode', redis.call('HGET', HEADS, id), redis.call('HGET', EPISODES, id), sequence }
