-- The tick of a probe, taken before it touches the source. It counts for the key and for every target it asks about: a
-- caller that arrives from now on, by any key that shares a target, needs work that begins later.
-- KEYS marker clock key target...
-- ARGV epoch incarnation
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local tick = string.format('%.0f', redis.call('INCR', KEYS[2]))
for i = 3, #KEYS do redis.call('HSET', KEYS[i], 'started', tick) end
return { tick, now }
