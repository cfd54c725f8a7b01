-- Read the head with every tick that decides about it, and pin it, in one step (I7). A pin that exists under the same
-- id is pointed at what is returned now, so a repeated call leaves one pin, on the head the caller heard of.
-- KEYS marker key head lease pins pinned reads pass scope... target...
-- ARGV epoch incarnation scopes(count) key pinId('' for none) ttlMs
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local k = redis.call('HMGET', KEYS[2], 'started', 'soft', 'hard', 'purge', 'fence', 'reconciled')
local ticks = { tonumber(k[1] or 0), tonumber(k[2] or 0), tonumber(k[3] or 0), tonumber(k[4] or 0) }
for i = 9, 8 + ARGV[3] do
  local s = redis.call('HMGET', KEYS[i], 'soft', 'hard', 'purge')
  for j = 1, 3 do ticks[j + 1] = math.max(ticks[j + 1], tonumber(s[j] or 0)) end
end
for i = 9 + ARGV[3], #KEYS do ticks[1] = math.max(ticks[1], tonumber(redis.call('HGET', KEYS[i], 'started') or 0)) end

local head, expires = {}, false
local fence, damaged = unpack(redis.call('HMGET', KEYS[3], 'fence', 'damaged'))
if fence and tonumber(fence) > ticks[4] then head = redis.call('HGETALL', KEYS[3]) end
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', now, 'LIMIT', 0, 100)) do
  redis.call('ZREM', KEYS[5], id)
  redis.call('HDEL', KEYS[6], id)
end
if ARGV[5] ~= '' and #head > 0 and not damaged then
  expires = now + ARGV[6]
  redis.call('ZADD', KEYS[5], expires, ARGV[5])
  redis.call('HSET', KEYS[6], ARGV[5], fence)
  redis.call('ZADD', KEYS[7], now, ARGV[4])
end
-- A lease granted in an older epoch is void, whatever its time says.
local lease = redis.call('HMGET', KEYS[4], 'fence', 'fillId', 'holder', 'expiresAt')
local live = lease[1] and tonumber(lease[4]) > now and math.floor(lease[1] / 1e12) == tonumber(ARGV[1])
local pass = redis.call('HMGET', KEYS[8], 'epoch', 'completedAt')
local reconciled = k[6] == ARGV[1] or (pass[1] == ARGV[1] and pass[2])
return { ticks, head, expires, reconciled and 1 or 0, k[5] or '0', live and lease or {}, now }
