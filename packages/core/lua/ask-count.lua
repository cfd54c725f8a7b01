-- Adds what one process counted since it last did, once: a batch that is resent finds its own id. Buckets and the id end
-- by themselves; a batch held back for longer than its id lives could count twice.
-- KEYS marker batch bucket...
-- ARGV epoch incarnation batchMs ttlMs(of each bucket)... (field asks)...
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
if not redis.call('SET', KEYS[2], '1', 'PX', ARGV[3], 'NX') then return 0 end
for i = 3, #KEYS do
  for j = #KEYS + 2, #ARGV, 2 do redis.call('HINCRBY', KEYS[i], ARGV[j], ARGV[j + 1]) end
  redis.call('PEXPIRE', KEYS[i], ARGV[i + 1])
end
return 1
