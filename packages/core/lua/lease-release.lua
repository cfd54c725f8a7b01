-- Gives a lease back. The key keeps its latest fence: released or not, only that fence may commit.
-- KEYS marker lease leases
-- ARGV epoch incarnation fillId fence key
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local held = redis.call('HMGET', KEYS[2], 'fence', 'fillId')
if held[1] ~= ARGV[4] or held[2] ~= ARGV[3] then return 0 end
redis.call('ZREM', KEYS[3], ARGV[5])
return redis.call('DEL', KEYS[2])
