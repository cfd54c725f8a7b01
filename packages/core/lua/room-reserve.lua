-- Reserves room for a running fill, or raises what it reserved: what the store holds and all that is reserved stay within the
-- quotas together. Refused, nothing changes. A worker that dies leaves a reservation, which ends by its time.
-- Without a quota nothing need be added up: then a few reservations are looked at, for those that have ended, and never all.
-- Where a fill of the key was stopped lately, at least what it had then is asked for.
-- KEYS marker usage reserved outgrown
-- ARGV epoch incarnation fillId bytes dataset('' for none) ttlMs quota('' for none) datasetQuota('' for none)
-- Returns what would be passed ('', 'dataset' or 'store'), what others take of the store and of the dataset, and what was asked for.
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local asked = math.max(tonumber(ARGV[4]), tonumber(redis.call('GET', KEYS[4]) or 0))
local used = redis.call('HMGET', KEYS[2], 'bytes', 'dataset:' .. ARGV[5])
local all, own = tonumber(used[1] or 0), tonumber(used[2] or 0)
local isBound = ARGV[7] ~= '' or ARGV[8] ~= ''
-- The Redis in JavaScript refuses HRANDFIELD in scripts: it is for one host, whose reservations are few.
local few = not isBound and redis.pcall('HRANDFIELD', KEYS[3], 3, 'WITHVALUES') or nil
local reserved = few and not few.err and few or redis.call('HGETALL', KEYS[3])
for i = 1, #reserved, 2 do
  local bytes, expires, dataset = string.match(reserved[i + 1], '^(%d+):(%d+):(.*)$')
  if tonumber(expires) <= now then
    redis.call('HDEL', KEYS[3], reserved[i])
  elseif reserved[i] ~= ARGV[3] then
    all = all + bytes
    if dataset == ARGV[5] then own = own + bytes end
  end
end
local passed = ''
if ARGV[7] ~= '' and all + asked > tonumber(ARGV[7]) then passed = 'store' end
if ARGV[8] ~= '' and own + asked > tonumber(ARGV[8]) then passed = 'dataset' end
if passed == '' then
  redis.call('HSET', KEYS[3], ARGV[3], string.format('%.0f:%.0f:%s', asked, now + ARGV[6], ARGV[5]))
end
return { passed, string.format('%.0f', all), string.format('%.0f', own), string.format('%.0f', asked) }
