-- Says how long a thread is kept.
--
-- KEYS[1]  the thread's data
-- Returns  ms; -1 for ever; -2 if there is no such thread

return redis.call('PTTL', KEYS[1])
