-- Removes episodes, each only if it still has the sequence with which it was found.
--
-- KEYS    see experience.lua
-- ARGV[1] a new token
-- ARGV[2...] pairs of an id and a sequence, at most some thousands
--
-- Output  { 'removed', id, ... } | { 'closed' } | { 'newer' }

--- @include experience

checkTypes()
local meta = readMeta()
local refused = refusal(meta)
if refused then return refused end
local ids = {}
for i = 2, #ARGV, 2 do
  local sequence = redis.call('ZSCORE', ORDER, ARGV[i])
  if sequence and tonumber(sequence) == tonumber(ARGV[i + 1]) then ids[#ids + 1] = ARGV[i] end
end
if #ids > 0 then
  redis.call('HDEL', META, '')
  remove(meta, ARGV[1], ids)
  saveMeta(meta)
  expireKeys(meta)
end
return { 'removed', unpack(ids) }
