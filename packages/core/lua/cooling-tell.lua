-- What work found of the source it touched. An answer ends everything. Failures count in a row; from the limit on each one
-- met while the source does not cool begins a cool-down twice as long as the last. Those that were under way when it began
-- come while it cools, and lengthen nothing.
-- KEYS marker cooling
-- ARGV epoch incarnation verdict(answered|unavailable|unknown) trial(0|1) failure failuresMax firstMs maxMs memoryMs
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if ARGV[3] == 'answered' then redis.call('DEL', KEYS[2]) end
if ARGV[3] == 'unknown' and ARGV[4] == '1' then redis.call('HDEL', KEYS[2], 'trialUntil') end
if ARGV[3] == 'unavailable' then
  local failures = redis.call('HINCRBY', KEYS[2], 'failures', 1)
  redis.call('HSET', KEYS[2], 'failure', ARGV[5])
  if failures >= tonumber(ARGV[6]) and tonumber(redis.call('HGET', KEYS[2], 'until') or 0) <= now then
    local coolings = redis.call('HINCRBY', KEYS[2], 'coolings', 1)
    local ms = math.min(tonumber(ARGV[8]), ARGV[7] * 2 ^ math.min(coolings - 1, 30))
    redis.call('HSET', KEYS[2], 'until', string.format('%.0f', now + ms))
  end
  redis.call('HDEL', KEYS[2], 'trialUntil')
  redis.call('PEXPIRE', KEYS[2], ARGV[9])
end
local c = redis.call('HMGET', KEYS[2], 'failures', 'failure', 'until')
return { c[1] or '0', c[2], c[3], now }
