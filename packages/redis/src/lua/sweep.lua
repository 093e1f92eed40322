-- Applies the limits of capacity, age and TTL, and lets go of what need not be remembered as forgotten any longer.
--
-- KEYS    see experience.lua
-- ARGV[1] now, ms since 1970, or '' for the server's clock
-- ARGV[2] a new token
-- ARGV[3] most episodes to remove for each limit
--
-- Output  { 'swept', 1 if there may be more, else 0 } | { 'closed' } | { 'newer' }

--- @include experience

checkTypes()
local meta = readMeta()
local refused = refusal(meta)
if refused then return refused end
local now = clock(ARGV[1])
if meta.remember then
  local oldest = '(' .. string.format('%.17g', now - meta.remember)
  redis.call('ZREMRANGEBYSCORE', FORGOTTEN, '-inf', oldest)
  redis.call('ZREMRANGEBYSCORE', KEY_SETS, '-inf', oldest)
end
local before = meta.changes
redis.call('HDEL', META, '')
local more = evict(meta, ARGV[2], now, tonumber(ARGV[3]))
if meta.changes > before then
  saveMeta(meta)
  expireKeys(meta)
end
return { 'swept', more and 1 or 0 }
