-- Reads episodes.
--
-- KEYS    see experience.lua
-- ARGV[1] '' to read only; else it counts as a use: now, ms since 1970, or 'server' for the server's clock
-- ARGV[2] bytes after which no further episode is added
-- ARGV[3...] ids
--
-- Output  { 'episodes', head or nil, rest or nil, sequence or nil, ... }, of the first ids at least one
--         | { 'closed' } | { 'newer' }

--- @include experience

local meta = readMeta()
local refused = refusal(meta)
if refused then return refused end
local ids = { unpack(ARGV, 3) }
local sequences, heads = redis.call('ZMSCORE', ORDER, unpack(ids)), redis.call('HMGET', HEADS, unpack(ids))
local output, bytes, uses = { 'episodes' }, 0, {}
for i, id in ipairs(ids) do
  local rest = redis.call('HGET', EPISODES, id)
  output[#output + 1] = heads[i]
  output[#output + 1] = rest
  output[#output + 1] = sequences[i]
  if sequences[i] then uses[#uses + 1] = id end
  bytes = bytes + (rest and #rest or 0)
  if bytes >= tonumber(ARGV[2]) then break end
end
if #uses > 0 and meta.ttl and ARGV[1] ~= '' then
  local now = clock(ARGV[1] == 'server' and '' or ARGV[1])
  -- A use that cannot be noted does not keep the episode from its reader.
  for _, id in ipairs(uses) do redis.pcall('ZADD', USES, 'XX', now, id) end
  expireKeys(meta)
end
return output
