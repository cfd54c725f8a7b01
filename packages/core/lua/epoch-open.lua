-- Opens an epoch, if the memory is still the one its opener saw. Reading the marker gives a memory without one an
-- incarnation (and nothing else), which FLUSHALL takes away again: an opener that comes late is then refused. The caller
-- compared run_id on this very connection, which ends with its Redis process. The clock moves to the epoch's start and never back; with it every
-- lease of older epochs is void, because their fences name those epochs. Scope marks are restored raise-only.
-- KEYS marker clock scope...
-- ARGV epoch runId incarnation storeId expectedIncarnation start (hard purge)...
-- Returns 1 opened (or already open: a repeated call), 0 somebody else was first, -1 this Redis is another store's.
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation', 'storeId')
if m[2] == ARGV[3] then return 1 end
if m[3] and m[3] ~= ARGV[4] then return -1 end
if m[2] ~= ARGV[5] or tonumber(ARGV[1]) <= tonumber(m[1] or 0) then return 0 end
if tonumber(redis.call('GET', KEYS[2]) or 0) < tonumber(ARGV[6]) then redis.call('SET', KEYS[2], ARGV[6]) end
for i = 3, #KEYS do
  for j, field in ipairs({ 'hard', 'purge' }) do
    local told = ARGV[2 * i + j]
    if tonumber(told) > tonumber(redis.call('HGET', KEYS[i], field) or 0) then redis.call('HSET', KEYS[i], field, told) end
  end
end
redis.call('HSET', KEYS[1], 'epoch', ARGV[1], 'runId', ARGV[2], 'incarnation', ARGV[3], 'storeId', ARGV[4])
return 1
