-- Deletes all that a thread holds.
--
-- KEYS     the thread's data and order
-- Returns  how many keys there were

return redis.call('UNLINK', unpack(KEYS))
