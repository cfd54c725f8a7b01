-- Brings what is counted of one key in line with what Redis knows of it: sizes found on disk of generations that were not
-- counted (Redis forgot them, or nobody committed them) are added, sizes of generations that are no longer known are taken off.
-- What is counted is always what is head, retired or being removed, so a listing that came late can neither add nor lose.
-- KEYS marker head retired removing sizes usage
-- ARGV epoch incarnation (fence bytes dataset)...
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local head = redis.call('HGET', KEYS[2], 'fence')
local function known(fence)
  return fence == head or redis.call('HEXISTS', KEYS[3], fence) == 1 or redis.call('HEXISTS', KEYS[4], fence) == 1
end
local function count(size, sign)
  local bytes, dataset = string.match(size, '^(%d+):(.*)$')
  local signed = string.format('%.0f', sign * bytes + 0) -- Redis does not take -0
  redis.call('HINCRBY', KEYS[6], 'bytes', signed)
  redis.call('HINCRBY', KEYS[6], 'generations', sign)
  redis.call('HINCRBY', KEYS[6], 'dataset:' .. dataset, signed)
end
for i = 3, #ARGV, 3 do
  local size = (ARGV[i + 1] or '') .. ':' .. (ARGV[i + 2] or '')
  if known(ARGV[i]) and redis.call('HSETNX', KEYS[5], ARGV[i], size) == 1 then count(size, 1) end
end
for _, fence in ipairs(redis.call('HKEYS', KEYS[5])) do
  if not known(fence) then
    count(redis.call('HGET', KEYS[5], fence), -1)
    redis.call('HDEL', KEYS[5], fence)
  end
end
return 1
