-- What the store holds by what was committed and removed, and what running fills have reserved.
-- KEYS marker usage reserved
-- ARGV epoch incarnation
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
return { t[1] * 1000 + math.floor(t[2] / 1000), redis.call('HGETALL', KEYS[2]), redis.call('HVALS', KEYS[3]) }
