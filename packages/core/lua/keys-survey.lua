-- What gc has to know of a page of keys, in one step. It decides nothing: each thing that goes is asked for by itself.
-- KEYS marker reads (key head lease retired removing sizes)...
-- ARGV epoch incarnation key...
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local told = {}
for i = 3, #ARGV do
  local at = 6 * (i - 3) + 3
  local lease = redis.call('HMGET', KEYS[at + 2], 'fence', 'expiresAt')
  local live = lease[1] and tonumber(lease[2]) > now and math.floor(lease[1] / 1e12) == tonumber(ARGV[1])
  told[i - 2] = {
    redis.call('HMGET', KEYS[at], 'fence', 'purge', 'evicted', 'evictedFor', 'evictedAt'),
    redis.call('HMGET', KEYS[at + 1], 'fence', 'source', 'dataset', 'committedAt', 'restoredAt', 'verifiedAt'),
    redis.call('ZSCORE', KEYS[2], ARGV[i]),
    live and 1 or 0,
    redis.call('HGETALL', KEYS[at + 3]),
    redis.call('HKEYS', KEYS[at + 4]),
    redis.call('HGETALL', KEYS[at + 5]),
  }
end
return { now, told }
