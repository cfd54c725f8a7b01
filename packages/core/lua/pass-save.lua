-- Notes the last shard that the pass of this epoch has finished.
-- KEYS marker pass
-- ARGV epoch incarnation position
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
if redis.call('HGET', KEYS[2], 'epoch') ~= ARGV[1] then redis.call('DEL', KEYS[2]) end
redis.call('HSET', KEYS[2], 'epoch', ARGV[1], 'position', ARGV[3])
return 1
