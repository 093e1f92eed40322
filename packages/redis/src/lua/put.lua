-- Stores episodes, each if the revision that is there is the expected one and nothing says that it was forgotten. What
-- becomes of one does not concern the others.
--
-- KEYS    see experience.lua
-- ARGV[1] now, ms since 1970, or '' for the server's clock
-- ARGV[2] a new token for the feed
-- ARGV[3] the version of the sets of metadata keys that the caller knows
-- ARGV[4...] for each episode, none of them twice:
--         id
--         expected revision
--         digest of the content
--         when the episode began, ms since 1970
--         the members of the head after the digest, as JSON without the opening brace
--         the rest of the episode
--         number of the names that follow
--         what it would be forgotten as, ...; what begins with 'episode ' holds whenever it began
--
-- Output  { 'put', change or 0, outcome of each episode, ... }, an outcome being { 'stored', revision, sequence }
--         | { 'duplicate', revision, sequence } | { 'conflict', revision } | { 'forgotten' } | { 'unreadable' }
--         | { 'key-sets', version, epoch, set, ... } | { 'closed' } | { 'newer' }

--- @include experience

local ID, EXPECTED, DIGEST, AT, HEAD, REST, NAMES = 0, 1, 2, 3, 4, 5, 6

local meta = readMeta()
local refused = refusal(meta)
if refused then return refused end
if meta.keySets ~= ARGV[3] then return { 'key-sets', meta.keySets, meta.epoch, unpack(redis.call('ZRANGE', KEY_SETS, 0, -1)) } end
checkTypes()

local places, ids = {}, {}
local place = 4
while ARGV[place] do
  places[#places + 1], ids[#ids + 1] = place, ARGV[place + ID]
  place = place + NAMES + 1 + tonumber(ARGV[place + NAMES])
end
local heads = redis.call('HMGET', HEADS, unpack(ids))
local nothingForgotten = redis.call('ZCARD', FORGOTTEN) == 0
local now = (meta.maxAge or meta.ttl) and clock(ARGV[1]) or 0

local function isForgotten(place)
  if nothingForgotten then return false end
  local first, count = place + NAMES + 1, tonumber(ARGV[place + NAMES])
  for i, mark in ipairs(redis.call('ZMSCORE', FORGOTTEN, unpack(ARGV, first, first + count - 1))) do
    local whenever = string.sub(ARGV[first + i - 1], 1, 8) == 'episode '
    if mark and (whenever or tonumber(ARGV[place + AT]) <= tonumber(mark)) then return true end
  end
  return false
end

-- What is to be written, as arguments of one command each.
local toHeads, toEpisodes, toOrder, toAges, toUses, toFeed = {}, {}, {}, {}, {}, {}

local function add(list, first, second)
  list[#list + 1] = first
  list[#list + 1] = second
end

local function put(place, head)
  if isForgotten(place) then return { 'forgotten' } end
  local id, digest = ARGV[place + ID], ARGV[place + DIGEST]
  local revision, sequence = 0, nil
  if head then
    local r, s, h = string.match(head, '^{"v":0,"r":(%d+),"s":(%d+),"h":"([^"]*)"')
    if not r then return { 'unreadable' } end
    revision, sequence = tonumber(r), tonumber(s)
    if h == digest then return { 'duplicate', revision, sequence } end
  end
  if tonumber(ARGV[place + EXPECTED]) ~= revision then return { 'conflict', revision } end
  revision = revision + 1
  if not sequence then
    meta.sequence = meta.sequence + 1
    sequence = meta.sequence
    add(toOrder, integer(sequence), id)
  end
  add(toHeads, id, '{"v":0,"r":' .. integer(revision) .. ',"s":' .. integer(sequence) .. ',"h":"' .. digest .. '",'
    .. ARGV[place + HEAD])
  add(toEpisodes, id, ARGV[place + REST])
  add(toAges, ARGV[place + AT], id)
  add(toUses, now, id)
  add(toFeed, id, revision)
  return { 'stored', revision, sequence }
end

local output = { 'put', 0 }
for i, place in ipairs(places) do output[#output + 1] = put(place, heads[i]) end
if #toFeed > 0 then
  -- The first write needs memory: without it the script fails here, before anything has changed.
  announce(meta, ARGV[2], 'p', cjson.encode(toFeed))
  redis.call('HSET', HEADS, unpack(toHeads))
  redis.call('HSET', EPISODES, unpack(toEpisodes))
  if #toOrder > 0 then redis.call('ZADD', ORDER, unpack(toOrder)) end
  redis.call('ZADD', AGES, unpack(toAges))
  if meta.ttl then redis.call('ZADD', USES, unpack(toUses)) end
  evict(meta, ARGV[2], now, #places + 64)
  saveMeta(meta)
  expireKeys(meta)
  output[2] = meta.changes
end
return output
