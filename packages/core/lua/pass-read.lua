-- How far this epoch's pass over all keys of the store is. Another epoch's record counts as none.
-- KEYS marker pass
-- ARGV epoch incarnation
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local p = redis.call('HMGET', KEYS[2], 'epoch', 'position', 'completedAt')
if p[1] ~= ARGV[1] then return { false, false, now } end
return { p[2], p[3], now }
