-- Drops a thread from the list of threads.
--
-- KEYS[1]  the namespace's threads, a sorted set
-- ARGV[1]  the thread's id, escaped

return redis.call('ZREM', KEYS[1], ARGV[1])
