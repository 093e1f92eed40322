-- Names checkpoints of a thread, the last first.
--
-- KEYS[1]  the thread's data, a hash
-- KEYS[2]  the thread's order, a sorted set
-- ARGV[1]  the upper bound of the names, as ZREVRANGEBYLEX takes it
-- ARGV[2]  the lower bound
-- ARGV[3]  most names, "-1" for all
-- ARGV[4]  "1" to have the records too
--
-- Returns name, record (or nothing) of each, in turn

local names = redis.call('ZREVRANGEBYLEX', KEYS[2], ARGV[1], ARGV[2], 'LIMIT', 0, ARGV[3])
local result = {}
for _, name in ipairs(names) do
  result[#result + 1] = name
  result[#result + 1] = ARGV[4] == '1' and redis.call('HGET', KEYS[1], name) or false
end
return result
