-- Walks from a checkpoint to its ancestors and collects what was written to some channels, until each channel's stored
-- value is found; at most so many ancestors a call, so that a long history does not hold up the server.
--
-- KEYS[1]  the thread's data, a hash
-- KEYS[2]  the thread's order, a sorted set
-- ARGV[1]  the namespace of the checkpoints, escaped
-- ARGV[2]  id of the checkpoint to begin with, escaped; "" for the latest
-- ARGV[3]  "1" to begin with its parent, "0" to begin with itself
-- ARGV[4]  most ancestors to visit
-- ARGV[5…] the channels
--
-- Returns { id (escaped) to go on with, "" at the end; then of each ancestor, the nearest first:
-- { records of its writes to the channels; channel, type and content of each stored value found here, in turn } }

--- @include checkpoint-format
local data, order, ns, id = KEYS[1], KEYS[2], ARGV[1], ARGV[2]
local newer = newerFormat(data)
if newer then return newer end
local wanted, missing = {}, 0
for i = 5, #ARGV do
  if not wanted[ARGV[i]] then missing = missing + 1 end
  wanted[ARGV[i]] = true
end

local function escaped(text)
  return (string.gsub(text, '[%%/]', { ['%'] = '%25', ['/'] = '%2F' }))
end

local function read(record)
  local line = string.match(record, '^[^\n]*')
  return cjson.decode(line), #line + 1
end

if id == '' then
  local latest = redis.call('ZREVRANGEBYLEX', order, '(c/' .. ns .. '0', '[c/' .. ns .. '/', 'LIMIT', 0, 1)[1]
  if not latest then return { '' } end
  id = string.sub(latest, #ns + 4)
end

local result = { '' }
local skip = ARGV[3] == '1'
local visits = 0
while id and missing > 0 do
  if visits == tonumber(ARGV[4]) then
    result[1] = id
    break
  end
  local record = redis.call('HGET', data, 'c/' .. ns .. '/' .. id)
  if not record then break end
  local header, offset = read(record)
  if skip then
    skip = false
  else
    visits = visits + 1
    local writes, values = {}, {}
    local prefix = 'w/' .. ns .. '/' .. id
    for _, name in ipairs(redis.call('ZRANGEBYLEX', order, '[' .. prefix .. '/', '(' .. prefix .. '0')) do
      local write = redis.call('HGET', data, name)
      if write and wanted[(read(write)).channel] then writes[#writes + 1] = write end
    end
    for channel, place in pairs(header.channels) do
      if wanted[channel] then
        values[#values + 1] = channel
        if type(place) == 'string' then
          local value = redis.call('HGET', data, place) or ''
          local line = string.match(value, '^[^\n]*')
          values[#values + 1] = line
          values[#values + 1] = string.sub(value, #line + 2)
        else
          values[#values + 1] = place[1]
          values[#values + 1] = string.sub(record, offset + place[2] + 1, offset + place[2] + place[3])
        end
        wanted[channel] = nil
        missing = missing - 1
      end
    end
    result[#result + 1] = { writes, values }
  end
  id = header.parent and escaped(header.parent)
end
return result
