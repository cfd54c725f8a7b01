-- Forgets a key that has nothing: no head, no generation that is on the store still, no fill. What it was granted commits no
-- more then, for no fence is on record; a later grant is above all that it knew. Whose head was evicted a while ago only is kept:
-- who asks for it is told so.
-- KEYS marker key head lease retired removing sizes pins pinned reads leases
-- ARGV epoch incarnation key toldMs
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
for _, at in ipairs({ 3, 5, 6, 7 }) do
  if redis.call('EXISTS', KEYS[at]) == 1 then return 0 end
end
local lease = redis.call('HMGET', KEYS[4], 'fence', 'expiresAt')
if lease[1] and tonumber(lease[2]) > now and math.floor(lease[1] / 1e12) == tonumber(ARGV[1]) then return 0 end
if now < (redis.call('HGET', KEYS[2], 'evictedAt') or 0) + ARGV[4] then return 0 end
redis.call('DEL', KEYS[2], KEYS[4], KEYS[8], KEYS[9])
redis.call('ZREM', KEYS[10], ARGV[3])
redis.call('ZREM', KEYS[11], ARGV[3])
return 1
