-- KEYS marker pins pinned
-- ARGV epoch incarnation pinId
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
redis.call('HDEL', KEYS[3], ARGV[3])
return redis.call('ZREM', KEYS[2], ARGV[3])
