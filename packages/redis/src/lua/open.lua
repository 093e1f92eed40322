-- Makes a namespace ready and applies the settings that are given.
--
-- KEYS    see experience.lua
-- ARGV[1] now, ms since 1970, or '' for the server's clock
-- ARGV[2] a new token: for the feed, and the epoch of a namespace that begins here
-- ARGV[3...] pairs of a setting's name and value, '' for none; with '?' before it, only where a namespace begins
--
-- Output  { 'open', changes, token, epoch, version of the sets of metadata keys, set, ... } | { 'newer' }

--- @include experience

checkTypes()
local meta = readMeta()
if meta.epoch and meta.v ~= '0' then return { 'newer' } end
local begins = not meta.epoch
if begins then
  -- Sequences go on after those that are there. The feed goes: it would refuse changes that count from 1 again.
  local last = redis.call('ZRANGE', ORDER, -1, -1, 'WITHSCORES')
  redis.call('HSET', META, 'v', '0', 'epoch', ARGV[2], 'keySets', ARGV[2])
  redis.call('UNLINK', FEED)
  meta.sequence, meta.changes = tonumber(last[2] or 0), 0
  meta.token, meta.epoch, meta.keySets = ARGV[2], ARGV[2], ARGV[2]
  saveMeta(meta)
end

local changed = false
for i = 3, #ARGV, 2 do
  local name, value = ARGV[i], ARGV[i + 1]
  local initial = string.sub(name, 1, 1) == '?'
  if initial then name = string.sub(name, 2) end
  if (begins or not initial) and (redis.call('HGET', META, name) or '') ~= value then
    changed = true
    if value ~= '' then
      redis.call('HSET', META, name, value)
    else
      redis.call('HDEL', META, name)
    end
    if name == 'ttl' and value == '' then
      redis.call('UNLINK', USES)
      for _, key in ipairs(KEYS) do redis.call('PERSIST', key) end
    elseif name == 'ttl' and not meta.ttl then
      -- What is there already counts as used now, see evict.
      redis.call('ZUNIONSTORE', USES, 1, ORDER, 'WEIGHTS', 0)
      redis.call('HSET', META, 'ttlSince', integer(clock(ARGV[1])))
    end
  end
end
if changed then
  local known = meta
  meta = readMeta()
  meta.changes, meta.token = known.changes, known.token
  announce(meta, ARGV[2] .. 's', 's', '1')
  saveMeta(meta)
end
expireKeys(meta)
return { 'open', meta.changes, meta.token, meta.epoch, meta.keySets, unpack(redis.call('ZRANGE', KEY_SETS, 0, -1)) }
