-- The tick of a probe, taken before it touches the source. It counts for the key and for every target it asks about: a
-- caller that arrives from now on, by any key that shares a target, needs work that begins later. Where the targets are
-- parts that others may wait for, the probe is announced in each.
-- KEYS marker clock key target... part...
-- ARGV epoch incarnation parts(count) announcedMs lifeMs
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local tick = string.format('%.0f', redis.call('INCR', KEYS[2]))
local last = #KEYS - ARGV[3]
for i = 3, last do redis.call('HSET', KEYS[i], 'started', tick) end
for i = last + 1, #KEYS do
  redis.call('HSET', KEYS[i], 'running', tick, 'runningUntil', string.format('%.0f', now + ARGV[4]))
  redis.call('PEXPIRE', KEYS[i], ARGV[5])
end
return { tick, now }
