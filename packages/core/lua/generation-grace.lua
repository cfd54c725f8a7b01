-- Something on the store still named the retired generation: its grace starts again.
-- KEYS marker retired
-- ARGV epoch incarnation fence
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local known = redis.call('HGET', KEYS[2], ARGV[3])
if not known then return 0 end
redis.call('HSET', KEYS[2], ARGV[3], string.format('%.0f:%s', now, string.match(known, ':(.*)$')))
return 1
