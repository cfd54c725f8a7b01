-- Notes that a read begins with this generation, and pins it. Beyond its limits it forgets a name's idlest, a bucket's oldest.
-- KEYS marker bucket key head retired pins pinned reads
-- ARGV epoch incarnation name range first key fence verifiedAt committedAt ttlMs readsMax namesMax rangesMax
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if tonumber(ARGV[7]) <= tonumber(redis.call('HGET', KEYS[3], 'purge') or 0) then return 0 end
local head, damaged = unpack(redis.call('HMGET', KEYS[4], 'fence', 'damaged'))
if (head ~= ARGV[7] or damaged) and redis.call('HEXISTS', KEYS[5], ARGV[7]) == 0 then return 0 end
local pin = 'noted:' .. ARGV[7]
redis.call('ZADD', KEYS[6], now + ARGV[10], pin); redis.call('HSET', KEYS[7], pin, ARGV[7])
if head then redis.call('ZADD', KEYS[8], now, ARGV[6]) end
local text = redis.call('HGET', KEYS[2], ARGV[3])
local reads, own, idlest = text and cjson.decode(text) or {}, nil, 1
for i, read in ipairs(reads) do
  if read.fence == ARGV[7] then own = read end
  if read.used < reads[idlest].used then idlest = i end
end
if not own then
  if #reads >= tonumber(ARGV[11]) then table.remove(reads, idlest) end
  own = { fence = ARGV[7], first = ARGV[5], asked = {} }
  reads[#reads + 1] = own
end
if own.first ~= '' then own.first = ARGV[5] end
own.begun, own.used, own.verifiedAt, own.committedAt = now, now, tonumber(ARGV[8]), tonumber(ARGV[9])
local counted, full = 0, tonumber(ARGV[13])
for range in pairs(own.asked) do counted = counted + (range == ARGV[4] and -full or 1) end
if ARGV[4] ~= '' and counted < full then own.asked[ARGV[4]] = (own.asked[ARGV[4]] or 0) + 1 end
if not text and redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[12]) then
  local oldest, at, all = nil, math.huge, redis.call('HGETALL', KEYS[2])
  for i = 1, #all, 2 do
    local begun = cjson.decode(all[i + 1])[1].begun
    if begun < at then oldest, at = all[i], begun end
  end
  redis.call('HDEL', KEYS[2], oldest)
end
redis.call('HSET', KEYS[2], ARGV[3], cjson.encode(reads))
return redis.call('PEXPIRE', KEYS[2], ARGV[10])
