-- Work that began at a tick found the source at a version: the head is as right as that tick, if it still has that
-- version. Only raises: a slow probe that ends after a later one must not take back what the later one proved.
-- KEYS marker head
-- ARGV epoch incarnation version tick beganAt notice
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local h = redis.call('HMGET', KEYS[2], 'version', 'verified', 'damaged')
if h[1] ~= ARGV[3] or h[3] then return 0 end
if tonumber(ARGV[4]) > tonumber(h[2]) then
  redis.call('HSET', KEYS[2], 'verified', ARGV[4], 'verifiedAt', ARGV[5])
  redis.call('PUBLISH', ARGV[6], ARGV[4])
end
return 1
