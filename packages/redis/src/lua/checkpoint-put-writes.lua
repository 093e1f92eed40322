-- Stores what a task of a graph wrote, whole or not at all. A write that is there already stays as it is, so that a
-- task that is told twice counts once; interrupts, errors and their like are replaced by later ones.
--
-- KEYS[1]  the thread's data, a hash
-- KEYS[2]  the thread's order, a sorted set
-- ARGV[1]  how long the thread is kept from now on, ms; "" for ever
-- ARGV[2]  the thread's id, escaped
-- ARGV[3…] of each write: "1" if it replaces an earlier one, else "0"; its name
--          (w/<namespace>/<checkpoint>/<task>/<index>); its record (a line of JSON, then the value)
--
-- Returns { "stored"; 1 if the thread was not there before, else 0; why it could not be given its time to live, else "" }

--- @include checkpoint-format
local data, order, ttl = KEYS[1], KEYS[2], ARGV[1]
local newer = newerFormat(data)
if newer then return newer end

local created = redis.call('HLEN', data) == 0 and 1 or 0
redis.call('ZCARD', order)

if created == 1 then redis.call('HSET', data, 'format', '0', 'thread', ARGV[2]) end
for i = 3, #ARGV, 3 do
  local command = ARGV[i] == '1' and 'HSET' or 'HSETNX'
  redis.call(command, data, ARGV[i + 1], ARGV[i + 2])
  redis.call('ZADD', order, 0, ARGV[i + 1])
end

local failure = ''
if ttl ~= '' then
  for _, key in ipairs({ data, order }) do
    local reply = redis.pcall('PEXPIRE', key, ttl)
    if type(reply) == 'table' and reply.err then failure = reply.err end
  end
end
return { 'stored', created, failure }
