-- A view or synonym reads tables. It is kept among the readers of each, so that an invalidation of the table finds it, and
-- it is given the marks that the tables have already: the table may have been invalidated before anybody knew of the view.
-- Whichever comes first, the mark or the knowledge, the second one completes it: whoever marks a table reads its readers
-- after the mark is set. What was taken over is `learned`: callers who came before could not see it (model/freshness.ts). Beyond the limit `*` stands for those who found no place.
-- KEYS marker scope (readers tableScope)...
-- ARGV epoch incarnation name readersMax
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
for i = 3, #KEYS, 2 do
  local kept = redis.call('SISMEMBER', KEYS[i], ARGV[3]) == 1 or redis.call('SCARD', KEYS[i]) < tonumber(ARGV[4])
  redis.call('SADD', KEYS[i], kept and ARGV[3] or '*')
  for _, field in ipairs({ 'soft', 'hard', 'purge' }) do
    local told = redis.call('HGET', KEYS[i + 1], field)
    if told and tonumber(told) > tonumber(redis.call('HGET', KEYS[2], field) or 0) then
      redis.call('HSET', KEYS[2], field, told)
      if tonumber(told) > tonumber(redis.call('HGET', KEYS[2], 'learned') or 0) then redis.call('HSET', KEYS[2], 'learned', told) end
    end
  end
end
return 1
