-- What heads of one dataset come to, without sending each. Heads that another dataset has filled since are not counted, nor
-- are those that a purge of their key hides.
-- KEYS marker (head key)...
-- ARGV epoch incarnation dataset
local m = redis.call('HMGET', KEYS[1], 'epoch', 'incarnation')
if m[1] ~= ARGV[1] or m[2] ~= ARGV[2] then return redis.error_reply('EPOCHLOST the marker is not the one told') end
local t = redis.call('TIME')
local entries, rows, bytes, damaged, newest, oldest, latest = 0, 0, 0, 0, false, false, false
for i = 2, #KEYS, 2 do
  local h = redis.call('HMGET', KEYS[i], 'dataset', 'rows', 'bytes', 'verifiedAt', 'committedAt', 'damaged', 'fence')
  local purge = tonumber(redis.call('HGET', KEYS[i + 1], 'purge') or 0)
  if h[1] == ARGV[3] and tonumber(h[7]) > purge then
    local verifiedAt, committedAt = tonumber(h[4]), tonumber(h[5])
    entries, rows, bytes = entries + 1, rows + h[2], bytes + h[3]
    if h[6] then damaged = damaged + 1 end
    latest = math.max(latest or committedAt, committedAt)
    newest, oldest = math.max(newest or verifiedAt, verifiedAt), math.min(oldest or verifiedAt, verifiedAt)
  end
end
local whole = function(number) return number and string.format('%.0f', number) end
return { entries, whole(rows), whole(bytes), damaged, whole(latest), whole(newest), whole(oldest), t[1] * 1000 + math.floor(t[2] / 1000) }
