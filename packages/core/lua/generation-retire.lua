-- I6. Leave to remove one generation: not the head, retired for longer than its grace, not pinned. What is retired can be
-- committed no more: it was below the latest fence granted, or purged, when it became that. With the leave it moves to
-- `removing` in the same step and can no longer be pinned.
-- KEYS marker head retired removing pins pinned
-- ARGV epoch incarnation fence graceMs dryRun
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if redis.call('HEXISTS', KEYS[4], ARGV[3]) == 1 then return 1 end
local retired = redis.call('HGET', KEYS[3], ARGV[3])
if not retired or redis.call('HGET', KEYS[2], 'fence') == ARGV[3] then return 0 end
if now < string.match(retired, '^%d+') + ARGV[4] then return 0 end

for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[5], '-inf', now, 'LIMIT', 0, 100)) do
  redis.call('ZREM', KEYS[5], id)
  redis.call('HDEL', KEYS[6], id)
end
-- Of up to 10,000 pins of the key hardly ever one is of this generation; those that are may have expired.
local named = false
for _, fence in ipairs(redis.call('HVALS', KEYS[6])) do named = named or fence == ARGV[3] end
for from = 0, named and math.huge or -1, 1000 do
  local live = redis.call('ZRANGEBYSCORE', KEYS[5], '(' .. string.format('%.0f', now), '+inf', 'LIMIT', from, 1000)
  if #live == 0 then break end
  for _, fence in ipairs(redis.call('HMGET', KEYS[6], unpack(live))) do
    if fence == ARGV[3] then return 0 end
  end
end
if ARGV[5] == '1' then return 1 end
redis.call('HDEL', KEYS[3], ARGV[3])
redis.call('HSET', KEYS[4], ARGV[3], retired)
return 1
