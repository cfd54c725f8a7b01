-- What probes found of parts, and who asks for them now. The caller compares ticks and times: nothing is decided here.
-- KEYS marker part...
-- ARGV epoch incarnation
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local parts = {}
for i = 2, #KEYS do
  parts[i - 1] = redis.call('HMGET', KEYS[i], 'version', 'tick', 'beganAt', 'costMs', 'running', 'runningUntil')
end
return { now, parts }
