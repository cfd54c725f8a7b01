-- Starts the grace of generations found on disk that Redis does not know: fills that were published and fenced, or
-- forgotten with Redis. One that may still be committed, at or above the latest fence granted in this epoch, is left alone
-- (without a grant on record none may);
-- one at or below a purge of the key cannot be. A head that such a purge ended is retired first, as one that is evicted: it may
-- have no successor.
-- KEYS marker key head retired removing entries reads dataset
-- ARGV epoch incarnation key fence...
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local k = redis.call('HMGET', KEYS[2], 'fence', 'purge')
local head, fillId, dataset = unpack(redis.call('HMGET', KEYS[3], 'fence', 'fillId', 'dataset'))
local purge = tonumber(k[2] or 0)
if head and tonumber(head) <= purge then
  redis.call('HSET', KEYS[4], head, string.format('%.0f:%s', now, fillId))
  redis.call('HSET', KEYS[2], 'evicted', head, 'evictedAt', string.format('%.0f', now), 'evictedFor', 'purged', 'evictedOf', dataset)
  redis.call('DEL', KEYS[3])
  for index = 6, 8 do redis.call('ZREM', KEYS[index], ARGV[3]) end
  head = nil
end
local settledBelow = math.max(tonumber(k[1] or 2^53), ARGV[1] * 1e12, purge + 1)
for i = 4, #ARGV do
  if tonumber(ARGV[i]) < settledBelow and ARGV[i] ~= head and redis.call('HEXISTS', KEYS[5], ARGV[i]) == 0 then
    redis.call('HSETNX', KEYS[4], ARGV[i], string.format('%.0f:', now))
  end
end
return 1
