-- Reads one checkpoint with its channel values and pending writes, as of one moment.
--
-- KEYS[1]  the thread's data, a hash
-- KEYS[2]  the thread's order, a sorted set
-- ARGV[1]  how long the thread is kept from now on, ms; "" leaves that as it is
-- ARGV[2]  the namespace of the checkpoint, escaped
-- ARGV[3]  its id, escaped; "" for the latest
--
-- Returns nothing if there is none; else { its name; its record; names and contents of its large channel values, in
-- turn; records of its pending writes; why the time to live could not be set, else "" }

--- @include checkpoint-format
local data, order, ttl, ns, id = KEYS[1], KEYS[2], ARGV[1], ARGV[2], ARGV[3]
local newer = newerFormat(data)
if newer then return newer end

local name = 'c/' .. ns .. '/' .. id
if id == '' then
  -- "0" is the character after "/": between the two is all that begins with the namespace.
  name = redis.call('ZREVRANGEBYLEX', order, '(c/' .. ns .. '0', '[c/' .. ns .. '/', 'LIMIT', 0, 1)[1]
end
local record = name and redis.call('HGET', data, name)
if not record then return false end

local values = {}
local line = string.match(record, '^[^\n]*')
local readable, header = pcall(cjson.decode, line)
if readable and type(header) == 'table' and type(header.channels) == 'table' then
  for _, place in pairs(header.channels) do
    if type(place) == 'string' then
      values[#values + 1] = place
      values[#values + 1] = redis.call('HGET', data, place)
    end
  end
end

local writes = {}
local prefix = 'w/' .. string.sub(name, 3)
for _, write in ipairs(redis.call('ZRANGEBYLEX', order, '[' .. prefix .. '/', '(' .. prefix .. '0')) do
  writes[#writes + 1] = redis.call('HGET', data, write)
end

local failure = ''
if ttl ~= '' then
  for _, key in ipairs({ data, order }) do
    local reply = redis.pcall('PEXPIRE', key, ttl)
    if type(reply) == 'table' and reply.err then failure = reply.err end
  end
end
return { name, record, values, writes, failure }
