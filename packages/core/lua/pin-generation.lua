-- Pins a generation by name: the head unless it is damaged, or a retired one that gc has not been given leave to remove. A generation that is
-- being removed is in `removing` and no longer in `retired`, so it cannot be pinned behind gc's back. Answered -1: the key has all its pins.
-- It counts as a read of the entry, where there is one still.
-- KEYS marker key head retired pins pinned reads
-- ARGV epoch incarnation key fence pinId ttlMs pinsMax
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if tonumber(ARGV[4]) <= tonumber(redis.call('HGET', KEYS[2], 'purge') or 0) then return false end
local fence, damaged = unpack(redis.call('HMGET', KEYS[3], 'fence', 'damaged'))
if (fence ~= ARGV[4] or damaged) and redis.call('HEXISTS', KEYS[4], ARGV[4]) == 0 then return false end
local full = redis.call('ZCOUNT', KEYS[5], '(' .. string.format('%.0f', now), '+inf') >= tonumber(ARGV[7])
if full and tonumber(redis.call('ZSCORE', KEYS[5], ARGV[5]) or 0) <= now then return -1 end
redis.call('ZADD', KEYS[5], now + ARGV[6], ARGV[5])
redis.call('HSET', KEYS[6], ARGV[5], ARGV[4])
if fence then redis.call('ZADD', KEYS[7], now, ARGV[3]) end
return now + ARGV[6]
