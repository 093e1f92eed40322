-- Reads heads in order of sequence.
--
-- KEYS    see experience.lua
-- ARGV[1] sequence after which to begin
-- ARGV[2] last sequence
-- ARGV[3] most heads
--
-- Output  { 'heads', id, sequence, head or nil, ... } | { 'closed' } | { 'newer' }

--- @include experience

local refused = refusal(readMeta())
if refused then return refused end
local found = redis.call('ZRANGEBYSCORE', ORDER, '(' .. ARGV[1], ARGV[2], 'WITHSCORES', 'LIMIT', 0, ARGV[3])
local ids = {}
for i = 1, #found, 2 do ids[#ids + 1] = found[i] end
local heads = #ids > 0 and redis.call('HMGET', HEADS, unpack(ids))
local output = { 'heads' }
for i, id in ipairs(ids) do
  output[#output + 1] = id
  output[#output + 1] = found[2 * i]
  output[#output + 1] = heads[i]
end
return output
