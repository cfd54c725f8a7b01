-- A reader found that the files of a generation are not what was committed. The head, if it still is that generation,
-- becomes a miss until a fill replaces it; it keeps its place so that the next commit retires its files.
-- KEYS marker head
-- ARGV epoch incarnation fence reason notice
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
if redis.call('HGET', KEYS[2], 'fence') ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[2], 'damaged', ARGV[4])
redis.call('PUBLISH', ARGV[5], ARGV[3])
return 1
