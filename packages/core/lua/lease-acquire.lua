-- The right to fill one key. The fence is the tick of the grant, so it is above every tick seen before the fill touches
-- its source, and every fence granted earlier. A key that was not compared with the store in this epoch must be first:
-- a head rebuilt after this grant could otherwise meet a commit made before it.
-- KEYS marker key lease clock pass leases
-- ARGV epoch incarnation fillId holder ttlMs key scopes(JSON)
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local pass = redis.call('HMGET', KEYS[5], 'epoch', 'completedAt')
if redis.call('HGET', KEYS[2], 'reconciled') ~= ARGV[1] and not (pass[1] == ARGV[1] and pass[2]) then
  return { 'unreconciled' }
end
local held = redis.call('HMGET', KEYS[3], 'fence', 'fillId', 'holder', 'expiresAt', 'grantedAt')
if held[1] and tonumber(held[4]) > now and math.floor(held[1] / 1e12) == tonumber(ARGV[1]) then
  if held[2] == ARGV[3] then return { 'granted', held[1], held[5], held[4] } end
  return { 'busy', held[1], held[2], held[3], held[4], now }
end

local fence = string.format('%.0f', redis.call('INCR', KEYS[4]))
local granted, expires = string.format('%.0f', now), string.format('%.0f', now + ARGV[5])
redis.call('HSET', KEYS[2], 'fence', fence, 'fillId', ARGV[3], 'started', fence)
redis.call('HSET', KEYS[3], 'fence', fence, 'fillId', ARGV[3], 'holder', ARGV[4], 'expiresAt', expires, 'grantedAt', granted, 'scopes', ARGV[7])
redis.call('ZADD', KEYS[6], 0, ARGV[6])
return { 'granted', fence, granted, expires }
