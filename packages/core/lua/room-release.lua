-- The fill is over: what it reserved is free again. What it committed is counted since its commit.
-- KEYS marker reserved
-- ARGV epoch incarnation fillId
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
return redis.call('HDEL', KEYS[2], ARGV[3])
