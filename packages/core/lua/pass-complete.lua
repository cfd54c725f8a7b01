-- The pass of this epoch is complete. The first completion counts: gc's waiting time begins with it.
-- KEYS marker pass
-- ARGV epoch incarnation
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if redis.call('HGET', KEYS[2], 'epoch') ~= ARGV[1] then redis.call('DEL', KEYS[2]) end
redis.call('HSET', KEYS[2], 'epoch', ARGV[1])
redis.call('HSETNX', KEYS[2], 'completedAt', string.format('%.0f', now))
return 1
