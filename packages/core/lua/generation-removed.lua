-- A removed generation is forgotten and no longer counted. A repeated call finds no size, and takes nothing off.
-- KEYS marker retired removing sizes usage
-- ARGV epoch incarnation fence
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local bytes, dataset = string.match(redis.call('HGET', KEYS[4], ARGV[3]) or '', '^(%d+):(.*)$')
if bytes then
  redis.call('HDEL', KEYS[4], ARGV[3])
  local less = string.format('%.0f', 0 - bytes) -- of nothing 0; Redis does not take -0
  redis.call('HINCRBY', KEYS[5], 'bytes', less)
  redis.call('HINCRBY', KEYS[5], 'generations', -1)
  redis.call('HINCRBY', KEYS[5], 'dataset:' .. dataset, less)
end
redis.call('HDEL', KEYS[2], ARGV[3])
return redis.call('HDEL', KEYS[3], ARGV[3])
