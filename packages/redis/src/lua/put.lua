-- Stores an episode, if the revision that is there is the expected one and nothing says that it was forgotten.
--
-- KEYS    see experience.lua
-- ARGV[1] now, ms since 1970, or '' for the server's clock
-- ARGV[2] a new token for the feed
-- ARGV[3] id
-- ARGV[4] expected revision
-- ARGV[5] digest of the content
-- ARGV[6] when the episode began, ms since 1970
-- ARGV[7] the members of the head after the digest, as JSON without the opening brace
-- ARGV[8] the rest of the episode, as JSON
-- ARGV[9] the version of the sets of metadata keys that the caller knows
-- ARGV[10...] what the episode would be forgotten as; what begins with 'episode ' holds whenever it began
--
-- Output  { 'stored', revision, sequence, change } | { 'duplicate', revision, sequence } | { 'conflict', revision }
--         | { 'forgotten' } | { 'unreadable' } | { 'key-sets', version, epoch, set, ... } | { 'closed' } | { 'newer' }

--- @include experience

local id, digest = ARGV[3], ARGV[5]
local at = tonumber(ARGV[6])
local meta = readMeta()
local refused = refusal(meta)
if refused then return refused end
if meta.keySets ~= ARGV[9] then return { 'key-sets', meta.keySets, meta.epoch, unpack(redis.call('ZRANGE', KEY_SETS, 0, -1)) } end

local marks = redis.call('ZMSCORE', FORGOTTEN, unpack(ARGV, 10))
for i, mark in ipairs(marks) do
  if mark and (string.sub(ARGV[9 + i], 1, 8) == 'episode ' or at <= tonumber(mark)) then return { 'forgotten' } end
end

local head = redis.call('HGET', HEADS, id)
local revision, sequence = 0, nil
if head then
  local r, s, h = string.match(head, '^{"v":0,"r":(%d+),"s":(%d+),"h":"([^"]*)"')
  if not r then return { 'unreadable' } end
  if h == digest then return { 'duplicate', tonumber(r), tonumber(s) } end
  revision, sequence = tonumber(r), tonumber(s)
end
if tonumber(ARGV[4]) ~= revision then return { 'conflict', revision } end

local before = head and redis.call('HGET', EPISODES, id)
revision = revision + 1
if not sequence then
  meta.sequence = meta.sequence + 1
  sequence = meta.sequence
end
local isNew = not head

local function write()
  -- The first write needs memory: without it the script fails here, before anything has changed.
  redis.call('HSET', EPISODES, id, ARGV[8])
  redis.call('HSET', HEADS, id,
    '{"v":0,"r":' .. integer(revision) .. ',"s":' .. integer(sequence) .. ',"h":"' .. digest .. '",' .. ARGV[7])
  if isNew then redis.call('ZADD', ORDER, integer(sequence), id) end
  redis.call('ZADD', AGES, ARGV[6], id)
  local now = (meta.maxAge or meta.ttl) and clock(ARGV[1]) or 0
  if meta.ttl then redis.call('ZADD', USES, now, id) end
  announce(meta, ARGV[2], 'p', id, 'r', integer(revision))
  evict(meta, ARGV[2], now, 64)
  saveMeta(meta)
end

-- A key of a foreign type fails on the way: then what was written is taken back.
local done, fault = pcall(write)
if not done then
  if isNew then
    redis.pcall('HDEL', EPISODES, id)
    redis.pcall('HDEL', HEADS, id)
    redis.pcall('ZREM', ORDER, id)
    redis.pcall('ZREM', AGES, id)
    redis.pcall('ZREM', USES, id)
  else
    redis.pcall('HSET', EPISODES, id, before)
    redis.pcall('HSET', HEADS, id, head)
  end
  return type(fault) == 'table' and fault or redis.error_reply(tostring(fault))
end
expireKeys(meta)
return { 'stored', revision, sequence, meta.changes }
