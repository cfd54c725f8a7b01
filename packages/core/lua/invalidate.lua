-- Marks a key or a scope with the next tick. A purge is a hard mark as well, so `hard` is never below `purge`.
-- KEYS marker clock target
-- ARGV epoch incarnation mode(soft|hard|purge)
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local tick = string.format('%.0f', redis.call('INCR', KEYS[2]))
redis.call('HSET', KEYS[3], ARGV[3], tick)
if ARGV[3] == 'purge' then redis.call('HSET', KEYS[3], 'hard', tick) end
return tick
