-- What the store says of one key, listed under this epoch (I11). Raise-only: a head above `newest` stays, because Redis
-- may remember a commit whose directory this host cannot see yet. Fences of this epoch are settled by commits alone. What
-- else is on disk starts its grace. The head restored is unverified by its fence alone, which is of an older epoch. One that
-- was evicted does not come back: gc may have its leave to remove it, and a comparison that was slow must not undo that.
-- KEYS marker key head retired removing entries dataset sizes usage
-- ARGV epoch incarnation key hard purge newest('0' for none) fillId startedAt version sha256 bytes rows consistency source
--      dataset('' for none) other...
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = string.format('%.0f', t[1] * 1000 + math.floor(t[2] / 1000))
local head, newest = redis.call('HMGET', KEYS[3], 'fence', 'fillId'), ARGV[6]
local above = math.max(tonumber(head[1] or 0), tonumber(redis.call('HGET', KEYS[2], 'evicted') or 0))
if math.floor(newest / 1e12) < tonumber(ARGV[1]) and tonumber(newest) > above then
  if head[1] then redis.call('HSET', KEYS[4], head[1], now .. ':' .. head[2]) end
  redis.call('DEL', KEYS[3])
  redis.call('HSET', KEYS[3], 'fence', newest, 'fillId', ARGV[7], 'version', ARGV[9], 'sha256', ARGV[10],
    'bytes', ARGV[11], 'rows', ARGV[12], 'consistency', ARGV[13], 'source', ARGV[14], 'dataset', ARGV[15],
    'verified', newest, 'verifiedAt', ARGV[8], 'committedAt', ARGV[8], 'restoredAt', now)
  if redis.call('HSETNX', KEYS[8], newest, ARGV[11] .. ':' .. ARGV[15]) == 1 then
    local counts = { bytes = ARGV[11], generations = 1, ['dataset:' .. ARGV[15]] = ARGV[11] }
    for field, by in pairs(counts) do redis.call('HINCRBY', KEYS[9], field, by) end
  end
  for i = 4, 5 do redis.call('HDEL', KEYS[i], newest) end
  redis.call('ZADD', KEYS[6], 0, ARGV[3])
  if ARGV[15] ~= '' then redis.call('ZADD', KEYS[7], 0, ARGV[3]) end
  head[1] = newest
end
local settledBelow = math.max(tonumber(redis.call('HGET', KEYS[2], 'fence') or 0), ARGV[1] * 1e12)
for i = 6, #ARGV do
  local other = (i == 6 or i > 15) and ARGV[i] ~= '0' and ARGV[i] ~= head[1] and tonumber(ARGV[i]) < settledBelow
  if other and redis.call('HEXISTS', KEYS[5], ARGV[i]) == 0 then redis.call('HSETNX', KEYS[4], ARGV[i], now .. ':') end
end
for i, field in ipairs({ 'hard', 'purge' }) do
  local told = ARGV[3 + i]
  if tonumber(told) > tonumber(redis.call('HGET', KEYS[2], field) or 0) then redis.call('HSET', KEYS[2], field, told) end
end
redis.call('HSET', KEYS[2], 'reconciled', ARGV[1])
return 1
