-- Read the head with every tick that decides about it, and pin it, in one step (I7). A pin that exists under the same
-- id is pointed at what is returned now, so a repeated call leaves one pin, on the head the caller heard of.
-- Of `pins` and `pinned`, expired ones go here, up to 100 at a time. Answered -1 as expiry: the key has all its pins.
-- KEYS marker key head lease pins pinned reads pass clock scope... target...
-- ARGV epoch incarnation scopes(count) key wish(pin, read or '') pinId ttlMs pinsMax
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local k = redis.call('HMGET', KEYS[2], 'started', 'soft', 'hard', 'purge', 'fence', 'reconciled')
local ticks = { tonumber(k[1] or 0), tonumber(k[2] or 0), tonumber(k[3] or 0), tonumber(k[4] or 0), tonumber(redis.call('GET', KEYS[9]) or 0), 0 }
for i = 10, 9 + ARGV[3] do
  local s = redis.call('HMGET', KEYS[i], 'soft', 'hard', 'purge', 'learned')
  for j, at in ipairs({ 2, 3, 4, 6 }) do ticks[at] = math.max(ticks[at], tonumber(s[j] or 0)) end
end
for i = 10 + ARGV[3], #KEYS do ticks[1] = math.max(ticks[1], tonumber(redis.call('HGET', KEYS[i], 'started') or 0)) end

local head, expires = {}, false
local fence, damaged = unpack(redis.call('HMGET', KEYS[3], 'fence', 'damaged'))
if fence and tonumber(fence) > ticks[4] then head = redis.call('HGETALL', KEYS[3]) end
local expired = redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', now, 'LIMIT', 0, 100)
if #expired > 0 then redis.call('ZREM', KEYS[5], unpack(expired)); redis.call('HDEL', KEYS[6], unpack(expired)) end
local usable = #head > 0 and not damaged
if usable and ARGV[5] ~= '' then redis.call('ZADD', KEYS[7], now, ARGV[4]) end
if usable and ARGV[5] == 'pin' then
  expires = now + ARGV[7]
  local full = redis.call('ZCOUNT', KEYS[5], '(' .. string.format('%.0f', now), '+inf') >= tonumber(ARGV[8])
  if full and tonumber(redis.call('ZSCORE', KEYS[5], ARGV[6]) or 0) <= now then expires = -1 else
    redis.call('ZADD', KEYS[5], expires, ARGV[6]); redis.call('HSET', KEYS[6], ARGV[6], fence)
  end
end
local lease = redis.call('HMGET', KEYS[4], 'fence', 'fillId', 'holder', 'expiresAt')
local live = lease[1] and tonumber(lease[4]) > now and math.floor(lease[1] / 1e12) == tonumber(ARGV[1]) -- else void
local pass = redis.call('HMGET', KEYS[8], 'epoch', 'completedAt')
local reconciled = k[6] == ARGV[1] or (pass[1] == ARGV[1] and pass[2])
return { ticks, head, expires, reconciled and 1 or 0, k[5] or '0', live and lease or {}, now }
