-- Remembers that something is forgotten, before any of it is removed, so that late writers are refused from now on.
--
-- KEYS    see experience.lua
-- ARGV[1] now, ms since 1970, or '' for the server's clock
-- ARGV[2] a new token, the next version of the sets of metadata keys
-- ARGV[3] what is forgotten, as in put.lua
-- ARGV[4] JSON array of the metadata keys that it is forgotten by, or ''
--
-- Output  { 'marked', latest sequence that was given } | { 'closed' } | { 'newer' }

--- @include experience

checkTypes()
local meta = readMeta()
local refused = refusal(meta)
if refused then return refused end
local now = clock(ARGV[1])
-- A script that has written may go on without memory; so one may erase what fills a server.
redis.call('HDEL', META, '')
redis.call('ZADD', FORGOTTEN, 'GT', now, ARGV[3])
if ARGV[4] ~= '' then
  if not redis.call('ZSCORE', KEY_SETS, ARGV[4]) then redis.call('HSET', META, 'keySets', ARGV[2]) end
  redis.call('ZADD', KEY_SETS, 'GT', now, ARGV[4])
end
expireKeys(meta)
return { 'marked', meta.sequence }
