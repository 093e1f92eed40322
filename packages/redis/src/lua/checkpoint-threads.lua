-- Lists the threads of a namespace, some hundreds a call; one may come twice.
--
-- KEYS[1]  the namespace's threads, a sorted set
-- ARGV[1]  where to go on: "0" at first
-- Returns  { where to go on, "0" at the end; ids }

local page = redis.call('ZSCAN', KEYS[1], ARGV[1], 'COUNT', 500)
local ids = {}
for i = 1, #page[2], 2 do ids[#ids + 1] = page[2][i] end
return { page[1], ids }
