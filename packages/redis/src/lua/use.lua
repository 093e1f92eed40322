-- Notes that episodes were used, so that their time begins anew.
--
-- KEYS    see experience.lua
-- ARGV[1] now, ms since 1970, or '' for the server's clock
-- ARGV[2...] ids, at most some thousands
--
-- Output  { 'noted' } | { 'failed', why } | { 'closed' } | { 'newer' }

--- @include experience

local meta = readMeta()
local refused = refusal(meta)
if refused then return refused end
if not meta.ttl then return { 'noted' } end
local now = string.format('%.17g', clock(ARGV[1]))
local scores = {}
for i = 2, #ARGV do
  scores[#scores + 1] = now
  scores[#scores + 1] = ARGV[i]
end
-- Only what is still there, and never back in time.
if #scores > 0 then
  local reply = redis.pcall('ZADD', USES, 'XX', 'GT', unpack(scores))
  if type(reply) == 'table' and reply.err then return { 'failed', reply.err } end
end
expireKeys(meta)
return { 'noted' }
