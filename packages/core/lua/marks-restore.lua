-- Sets hard and purge marks that the store holds already. Raise-only: a mark made meanwhile is newer.
-- KEYS marker target...
-- ARGV epoch incarnation (hard purge)...
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
for i = 2, #KEYS do
  for j, field in ipairs({ 'hard', 'purge' }) do
    local told = ARGV[2 * i - 2 + j]
    if tonumber(told) > tonumber(redis.call('HGET', KEYS[i], field) or 0) then redis.call('HSET', KEYS[i], field, told) end
  end
end
return 1
