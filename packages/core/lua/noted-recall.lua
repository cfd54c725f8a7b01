-- The reads noted under a name, with what ended them; the range is counted under one of them, whose pin is renewed when
-- half of it is over. The pin is shared by all noted reads of the generation.
-- KEYS marker bucket key head retired pins pinned scope...
-- ARGV epoch incarnation name range under(FENCE|sole|none) ttlMs lifeMs rangesMax
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local text = redis.call('HGET', KEYS[2], ARGV[3])
if not text then return { now, '', '[]' } end
local hard = tonumber(redis.call('HGET', KEYS[3], 'hard') or 0)
for i = 8, #KEYS do hard = math.max(hard, tonumber(redis.call('HGET', KEYS[i], 'hard') or 0)) end
local head, damaged = unpack(redis.call('HMGET', KEYS[4], 'fence', 'damaged'))
local reads, chosen = {}, nil
for _, read in ipairs(cjson.decode(text)) do
  if read.used + ARGV[6] > now and read.begun + ARGV[7] > now then
    local kept = (read.fence == head and not damaged) or redis.call('HEXISTS', KEYS[5], read.fence) == 1
    read.usable = kept and tonumber(read.fence) > hard
    reads[#reads + 1] = read
    if read.fence == ARGV[5] then chosen = read end
  end
end
if ARGV[5] == 'sole' and #reads == 1 and reads[1].first ~= ARGV[4] then chosen = reads[1] end
if not chosen or not chosen.usable then return { now, '', #reads > 0 and cjson.encode(reads) or '[]' } end
chosen.used = now
local counted = 0
for _ in pairs(chosen.asked) do counted = counted + 1 end
if chosen.asked[ARGV[4]] or counted < tonumber(ARGV[8]) then chosen.asked[ARGV[4]] = (chosen.asked[ARGV[4]] or 0) + 1 end
local pin = 'noted:' .. chosen.fence
if tonumber(redis.call('ZSCORE', KEYS[6], pin) or 0) < now + ARGV[6] / 2 then
  redis.call('ZADD', KEYS[6], now + ARGV[6], pin)
  redis.call('HSET', KEYS[7], pin, chosen.fence)
end
redis.call('HSET', KEYS[2], ARGV[3], cjson.encode(reads))
redis.call('PEXPIRE', KEYS[2], ARGV[6])
return { now, chosen.fence, cjson.encode(reads) }
