-- I3. Only the latest fence granted for the key, of this epoch and under its own fillId, may become the head. With "any
-- fence above the head's", a holder that lost its lease could publish between the grant and the commit of the next one,
-- and an older snapshot would replace a newer one. A repeated commit finds its fillId in the head, or among the retired
-- when a later fill has already replaced it: committed. What the fill reserved is counted from here on.
-- KEYS marker key head retired entries dataset changes sizes usage reserved scope...
-- ARGV epoch incarnation key fence fillId startedAt notice version sha256 bytes rows consistency source dataset('' for none)
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local fence, fillId = ARGV[4], ARGV[5]
local old = redis.call('HMGET', KEYS[3], 'fence', 'fillId')
if old[2] == fillId then return { 1 } end
for _, retired in ipairs(redis.call('HVALS', KEYS[4])) do
  if string.match(retired, ':(.*)$') == fillId then return { 1 } end
end

local k = redis.call('HMGET', KEYS[2], 'fence', 'fillId', 'purge')
local purge = tonumber(k[3] or 0)
for i = 11, #KEYS do purge = math.max(purge, tonumber(redis.call('HGET', KEYS[i], 'purge') or 0)) end
if k[1] ~= fence or k[2] ~= fillId or math.floor(fence / 1e12) ~= tonumber(ARGV[1]) or tonumber(fence) <= purge then
  return { 0, k[1] or '0' }
end

if old[1] then redis.call('HSET', KEYS[4], old[1], string.format('%.0f:%s', now, old[2])) end
redis.call('DEL', KEYS[3])
redis.call('HSET', KEYS[3], 'fence', fence, 'fillId', fillId, 'version', ARGV[8], 'sha256', ARGV[9], 'bytes', ARGV[10],
  'rows', ARGV[11], 'consistency', ARGV[12], 'source', ARGV[13], 'dataset', ARGV[14],
  'verified', fence, 'verifiedAt', ARGV[6], 'committedAt', string.format('%.0f', now))
if redis.call('HSETNX', KEYS[8], fence, ARGV[10] .. ':' .. ARGV[14]) == 1 then
  local counts = { bytes = ARGV[10], generations = 1, ['dataset:' .. ARGV[14]] = ARGV[10] }
  for field, by in pairs(counts) do redis.call('HINCRBY', KEYS[9], field, by) end
end
redis.call('HDEL', KEYS[10], fillId)
redis.call('ZADD', KEYS[5], 0, ARGV[3])
if ARGV[14] ~= '' then redis.call('ZADD', KEYS[6], 0, ARGV[3]) end
redis.call('XADD', KEYS[7], 'MAXLEN', '~', 10000, '*', 'kind', 'commit', 'key', ARGV[3], 'fence', fence, 'version', ARGV[8])
redis.call('PUBLISH', ARGV[7], fence)
return { 1 }
