-- The names known to read a table.
-- KEYS marker readers
-- ARGV epoch incarnation
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
return redis.call('SMEMBERS', KEYS[2])
