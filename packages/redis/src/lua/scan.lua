-- Reads whole episodes in order of sequence.
--
-- KEYS    see experience.lua
-- ARGV[1] sequence after which to begin
-- ARGV[2] most episodes
-- ARGV[3] bytes after which no further episode is added
--
-- Output  { 'episodes', id, sequence, head or nil, rest or nil, ... } | { 'closed' } | { 'newer' }

--- @include experience

local refused = refusal(readMeta())
if refused then return refused end
local found = redis.call('ZRANGEBYSCORE', ORDER, '(' .. ARGV[1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local ids = {}
for i = 1, #found, 2 do ids[#ids + 1] = found[i] end
local heads = #ids > 0 and redis.call('HMGET', HEADS, unpack(ids))
local output, bytes = { 'episodes' }, 0
for i, id in ipairs(ids) do
  local head, rest = heads[i], redis.call('HGET', EPISODES, id)
  output[#output + 1] = id
  output[#output + 1] = found[2 * i]
  output[#output + 1] = head
  output[#output + 1] = rest
  bytes = bytes + (head and #head or 0) + (rest and #rest or 0)
  if bytes >= tonumber(ARGV[3]) then break end
end
return output
