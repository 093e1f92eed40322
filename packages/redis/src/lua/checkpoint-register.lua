-- Notes that a thread exists, so that it can be listed and erased, and drops threads whose time has passed.
--
-- KEYS[1]  the namespace's threads, a sorted set: ids, each with the time (ms since 1970) to which it is kept
-- ARGV[1]  how long from now on it is kept at least, ms; "" for ever
-- ARGV[2]  the thread's id, escaped

local threads, ttl = KEYS[1], ARGV[1]
if ttl == '' then
  redis.call('ZADD', threads, '+inf', ARGV[2])
else
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('ZADD', threads, 'GT', string.format('%.0f', now + ttl), ARGV[2])
  redis.call('ZREMRANGEBYSCORE', threads, '-inf', string.format('(%.0f', now))
end
local last = redis.call('ZREVRANGE', threads, 0, 0, 'WITHSCORES')[2]
if last == 'inf' then
  redis.pcall('PERSIST', threads)
else
  redis.pcall('PEXPIREAT', threads, last)
end
return 1
