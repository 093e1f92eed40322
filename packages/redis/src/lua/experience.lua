-- What the scripts of the experience share. All of them take the same keys:
--
-- KEYS[1] meta       hash: v, epoch, sequence, changes, token, keySets, and the settings capacity, maxAge, ttl,
--                    ttlSince (since when), remember, feedLength; a setting that is not there has no limit
-- KEYS[2] heads      hash: id -> {"v":0,"r":revision,"s":sequence,"h":"digest","at":...,"t":"thread","m":{metadata}}
-- KEYS[3] episodes   hash: id -> the rest: a line of JSON, then the tokens of its steps, one a line
-- KEYS[4] order      sorted set: id by sequence
-- KEYS[5] ages       sorted set: id by `at`
-- KEYS[6] uses       sorted set: id by time of use, only with a ttl
-- KEYS[7] forgotten  sorted set: what was forgotten, by time
-- KEYS[8] key-sets   sorted set: sets of metadata keys, by time
-- KEYS[9] feed       stream: entry n-0 is the n-th change; k: its token, a: the token of the change before it, and
--                    p: JSON array of ids, each followed by its revision (put), or d: JSON array of ids (deleted),
--                    or s: 1 (settings)
--
-- They answer with an array whose first element says what came of it. `closed`: there is no meta, run open.lua.
-- `newer`: written by a newer version of the format; nothing was touched.

local META, HEADS, EPISODES, ORDER, AGES, USES, FORGOTTEN, KEY_SETS, FEED = unpack(KEYS)

local function readMeta()
  local found = redis.call('HMGET', META, 'v', 'epoch', 'sequence', 'changes', 'token', 'keySets',
    'capacity', 'maxAge', 'ttl', 'remember', 'feedLength', 'ttlSince')
  return {
    v = found[1], epoch = found[2],
    sequence = tonumber(found[3] or 0) or 0, changes = tonumber(found[4] or 0) or 0,
    token = found[5] or '', keySets = found[6] or '0',
    capacity = tonumber(found[7]), maxAge = tonumber(found[8]), ttl = tonumber(found[9]),
    remember = tonumber(found[10]), feedLength = found[11] or '10000',
    ttlSince = tonumber(found[12]) or 0,
  }
end

-- Looks at the type of every key, so that a key of a foreign type fails before anything is written.
local function checkTypes()
  redis.call('HLEN', HEADS)
  redis.call('HLEN', EPISODES)
  redis.call('ZCARD', ORDER)
  redis.call('ZCARD', AGES)
  redis.call('ZCARD', USES)
  redis.call('ZCARD', FORGOTTEN)
  redis.call('ZCARD', KEY_SETS)
  redis.call('XLEN', FEED)
end

-- The reason not to go on, or nil.
local function refusal(meta)
  if not meta.epoch then return { 'closed' } end
  if meta.v ~= '0' then return { 'newer' } end
  return nil
end

-- Milliseconds since 1970: the caller's clock if it has one, else the server's.
local function clock(given)
  if given ~= '' then return tonumber(given) end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function integer(number)
  return string.format('%.0f', number)
end

-- Adds a change to the feed. @param token of this change, new every time
local function announce(meta, token, ...)
  meta.changes = meta.changes + 1
  redis.call('XADD', FEED, 'MAXLEN', '~', meta.feedLength, integer(meta.changes) .. '-0',
    'a', meta.token, 'k', token, ...)
  meta.token = token
end

local function saveMeta(meta)
  redis.call('HSET', META, 'sequence', integer(meta.sequence), 'changes', integer(meta.changes), 'token', meta.token)
end

-- Removes episodes, at most some thousands, and says so in the feed.
local function remove(meta, token, ids)
  if #ids == 0 then return end
  redis.call('HDEL', EPISODES, unpack(ids))
  redis.call('HDEL', HEADS, unpack(ids))
  redis.call('ZREM', ORDER, unpack(ids))
  redis.call('ZREM', AGES, unpack(ids))
  if meta.ttl then redis.call('ZREM', USES, unpack(ids)) end
  announce(meta, token, 'd', cjson.encode(ids))
end

-- Removes what the limits no longer allow, the oldest first. @return whether there may be more
local function evict(meta, token, now, limit)
  local more = false
  if meta.maxAge then
    local aged = redis.call('ZRANGEBYSCORE', AGES, '-inf', '(' .. string.format('%.17g', now - meta.maxAge),
      'LIMIT', 0, limit)
    remove(meta, token, aged)
    more = #aged == limit
  end
  if meta.ttl and now - meta.ttl > meta.ttlSince then
    local unused = redis.call('ZRANGEBYSCORE', USES, '-inf', '(' .. string.format('%.17g', now - meta.ttl),
      'LIMIT', 0, limit)
    remove(meta, token, unused)
    more = more or #unused == limit
  end
  if meta.capacity then
    local over = redis.call('ZCARD', ORDER) - meta.capacity
    if over > 0 then
      remove(meta, token, redis.call('ZRANGE', ORDER, 0, math.min(over, limit) - 1))
      more = more or over > limit
    end
  end
  return more
end

-- With a ttl no key stays for ever. A TTL that cannot be set does not undo what was written.
local function expireKeys(meta)
  if not meta.ttl then return end
  local life = integer(meta.ttl)
  for _, key in ipairs({ HEADS, EPISODES, ORDER, AGES, USES }) do redis.pcall('PEXPIRE', key, life) end
  local memory = integer(math.max(meta.ttl, meta.remember or 0))
  for _, key in ipairs({ META, FORGOTTEN, KEY_SETS, FEED }) do redis.pcall('PEXPIRE', key, memory) end
end
