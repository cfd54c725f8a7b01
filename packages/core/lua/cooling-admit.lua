-- Whether work may touch a source. While it cools, nobody may; when the time is over, one trial goes first and the others
-- wait for what it finds, or until its place is free again because it never ended. A repeated call takes the place of
-- the trial from itself: then the trial comes a little later.
-- KEYS marker cooling
-- ARGV epoch incarnation trialMs trialPauseMs
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local c = redis.call('HMGET', KEYS[2], 'failures', 'failure', 'until', 'trialUntil')
if not c[3] then return { 'open' } end
if tonumber(c[3]) > now then return { 'cooling', c[1], c[2], c[3], now } end
if tonumber(c[4] or 0) > now then return { 'cooling', c[1], c[2], string.format('%.0f', now + ARGV[4]), now } end
redis.call('HSET', KEYS[2], 'trialUntil', string.format('%.0f', now + ARGV[3]))
return { 'trial' }
