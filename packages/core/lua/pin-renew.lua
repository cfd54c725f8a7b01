-- Extends a pin that is still live. A purge ends it: the reader may finish within the time it has.
-- KEYS marker key pins pinned
-- ARGV epoch incarnation pinId ttlMs
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local expires = redis.call('ZSCORE', KEYS[3], ARGV[3])
local fence = redis.call('HGET', KEYS[4], ARGV[3])
if not expires or not fence or tonumber(expires) <= now then return false end
if tonumber(fence) <= tonumber(redis.call('HGET', KEYS[2], 'purge') or 0) then return false end
redis.call('ZADD', KEYS[3], now + ARGV[4], ARGV[3])
return { fence, now + ARGV[4] }
