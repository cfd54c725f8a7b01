-- Retires a head that has no successor: over a quota, unread for long, or purged (I6). Its grace starts; asks miss and fill.
-- Refused in the same step: a head that is pinned, or was read since the look (`readAt` moved), or whose key is being filled.
-- The key is granted the next fence, to nobody: a fill that committed it cannot send its commit again when the files are gone,
-- and one whose lease ran out cannot commit late under a fence that gc took for settled.
-- KEYS marker key head lease retired pins pinned reads clock entries dataset changes leases
-- ARGV epoch incarnation key fence reason readAt('' for never) dryRun
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local head = redis.call('HMGET', KEYS[3], 'fence', 'fillId', 'dataset')
if head[1] ~= ARGV[4] then -- a repeated call
  return redis.call('HGET', KEYS[2], 'evicted') == ARGV[4] and redis.call('HEXISTS', KEYS[5], ARGV[4]) or 0
end
if (redis.call('ZSCORE', KEYS[8], ARGV[3]) or '') ~= ARGV[6] then return 0 end
local lease = redis.call('HMGET', KEYS[4], 'fence', 'expiresAt')
if lease[1] and tonumber(lease[2]) > now and math.floor(lease[1] / 1e12) == tonumber(ARGV[1]) then return 0 end
for from = 0, math.huge, 1000 do
  local live = redis.call('ZRANGEBYSCORE', KEYS[6], '(' .. string.format('%.0f', now), '+inf', 'LIMIT', from, 1000)
  if #live == 0 then break end
  for _, fence in ipairs(redis.call('HMGET', KEYS[7], unpack(live))) do
    if fence == ARGV[4] then return 0 end
  end
end
if ARGV[7] == '1' then return 1 end

local at = string.format('%.0f', now)
redis.call('HSET', KEYS[2], 'fence', string.format('%.0f', redis.call('INCR', KEYS[9])), 'fillId', '',
  'evicted', ARGV[4], 'evictedAt', at, 'evictedFor', ARGV[5], 'evictedOf', head[3])
redis.call('HSET', KEYS[5], ARGV[4], at .. ':' .. head[2])
redis.call('DEL', KEYS[3], KEYS[4]) -- a lease that ran out, of a holder that died or can commit no more
redis.call('ZREM', KEYS[13], ARGV[3])
for _, index in ipairs({ KEYS[8], KEYS[10], KEYS[11] }) do redis.call('ZREM', index, ARGV[3]) end
redis.call('XADD', KEYS[12], 'MAXLEN', '~', 10000, '*', 'kind', 'evict', 'key', ARGV[3], 'fence', ARGV[4], 'reason', ARGV[5])
return 1
