-- Extends a lease that is still its holder's. One that ran out and that nobody else was granted is still its holder's:
-- only a grant takes it away, so a holder that was paused may go on.
-- A purge of what is being filled takes it away as well: what it loads may never be served.
-- KEYS marker key lease leases scope...
-- ARGV epoch incarnation fillId fence ttlMs key
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local k = redis.call('HMGET', KEYS[2], 'fence', 'fillId', 'purge')
local held = redis.call('HMGET', KEYS[3], 'fence', 'fillId')
local own = k[1] == ARGV[4] and k[2] == ARGV[3] and held[1] == ARGV[4] and held[2] == ARGV[3]
if not own or math.floor(ARGV[4] / 1e12) ~= tonumber(ARGV[1]) then return 0 end
local purge = tonumber(k[3] or 0)
for i = 5, #KEYS do purge = math.max(purge, tonumber(redis.call('HGET', KEYS[i], 'purge') or 0)) end
if tonumber(ARGV[4]) <= purge then
  redis.call('DEL', KEYS[3])
  redis.call('ZREM', KEYS[4], ARGV[6])
  return 0
end
redis.call('HSET', KEYS[3], 'expiresAt', string.format('%.0f', now + ARGV[5]))
return 1
