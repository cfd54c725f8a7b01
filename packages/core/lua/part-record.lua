-- What the probe of a tick found of the parts it asked; a part it found nothing of is told as 0. Raise-only: a slow probe
-- that ends after a later one must not take its record away. The announcement of this very probe goes with it.
-- KEYS marker part...
-- ARGV epoch incarnation tick beganAt lifeMs (found(0|1) version costMs)...
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
for i = 2, #KEYS do
  local at = 3 * i
  local known = redis.call('HMGET', KEYS[i], 'tick', 'running')
  if ARGV[at] == '1' and tonumber(ARGV[3]) > tonumber(known[1] or 0) then
    redis.call('HSET', KEYS[i], 'version', ARGV[at + 1], 'tick', ARGV[3], 'beganAt', ARGV[4], 'costMs', ARGV[at + 2])
    redis.call('PEXPIRE', KEYS[i], ARGV[5])
  end
  if known[2] == ARGV[3] then redis.call('HDEL', KEYS[i], 'running', 'runningUntil') end
end
return 1
