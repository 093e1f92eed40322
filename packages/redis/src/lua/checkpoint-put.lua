-- Stores one checkpoint of a thread, whole or not at all.
--
-- Of a channel that did not change since the checkpoint before, the value is taken only if the thread was given one
-- in this version (or a later one: a fork goes on from an earlier checkpoint).
--
-- KEYS[1]  the thread's data, a hash
-- KEYS[2]  the thread's order, a sorted set of the names of its checkpoints and writes, all with score 0
-- ARGV[1]  how long the thread is kept from now on, ms; "" for ever
-- ARGV[2]  the thread's id, escaped
-- ARGV[3]  name of the checkpoint: c/<namespace>/<id>
-- ARGV[4]  its record: a line of JSON, then the bytes that the line tells apart
-- ARGV[5]  number of channels that come next
-- then of each channel its name (n/<namespace>/<channel>), its version, and "1" if it changed, else "0"
-- then name (v/<hash of the content>) and content of each large channel value; one that is there is kept
--
-- Returns { "stored"; 1 if the thread was not there before, else 0; why it could not be given its time to live, else
-- "" } or, when nothing was stored, { "unknown"; the names of channels whose value cannot be taken }

--- @include checkpoint-format
local data, order, ttl = KEYS[1], KEYS[2], ARGV[1]
local newer = newerFormat(data)
if newer then return newer end

-- Both raise an error on a key of another type, before anything is written.
local created = redis.call('HLEN', data) == 0 and 1 or 0
redis.call('ZCARD', order)

local channels = 5 + 3 * tonumber(ARGV[5])
local unknown, versions = {}, {}
for i = 6, channels, 3 do
  local known = tonumber(redis.call('HGET', data, ARGV[i]) or nil)
  local version = tonumber(ARGV[i + 1])
  if ARGV[i + 2] == '1' then
    if not known or known < version then
      versions[#versions + 1] = ARGV[i]
      versions[#versions + 1] = ARGV[i + 1]
    end
  elseif not known or known < version then
    unknown[#unknown + 1] = ARGV[i]
  end
end
if #unknown > 0 then return { 'unknown', unknown } end

redis.call('HSET', data, ARGV[3], ARGV[4])
if created == 1 then redis.call('HSET', data, 'format', '0', 'thread', ARGV[2]) end
for i = 1, #versions, 2 do redis.call('HSET', data, versions[i], versions[i + 1]) end
for i = channels + 1, #ARGV, 2 do redis.call('HSETNX', data, ARGV[i], ARGV[i + 1]) end
redis.call('ZADD', order, 0, ARGV[3])

-- A time to live that cannot be set must not undo the write.
local failure = ''
if ttl ~= '' then
  for _, key in ipairs({ data, order }) do
    local reply = redis.pcall('PEXPIRE', key, ttl)
    if type(reply) == 'table' and reply.err then failure = reply.err end
  end
end
return { 'stored', created, failure }
