-- A fill of the key was stopped when it had so much: the next one needs at least that. It is remembered for a while only, for
-- the source may have less by then.
-- KEYS marker outgrown
-- ARGV epoch incarnation bytes forMs
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
if tonumber(redis.call('GET', KEYS[2]) or 0) > tonumber(ARGV[3]) then return 0 end
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[4])
return 1
