-- Extends a lease that is still its holder's. One that ran out and that nobody else was granted is still its holder's:
-- only a grant takes it away, so a holder that was paused may go on.
-- KEYS marker key lease
-- ARGV epoch incarnation fillId fence ttlMs
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local k = redis.call('HMGET', KEYS[2], 'fence', 'fillId')
local held = redis.call('HMGET', KEYS[3], 'fence', 'fillId')
local own = k[1] == ARGV[4] and k[2] == ARGV[3] and held[1] == ARGV[4] and held[2] == ARGV[3]
if not own or math.floor(ARGV[4] / 1e12) ~= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[3], 'expiresAt', string.format('%.0f', now + ARGV[5]))
return 1
