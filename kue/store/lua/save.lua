-- save: a new job, inactive or delayed.
-- KEYS  1 every job (P:jobs; all other names are made from the prefix, and lie in the same slot)
-- ARGV  1 prefix, 2 type, 3 type as JSON, 4 priority, 5 promote_at where delayed else '', 6... fields and values
-- Returns  the id
-- Events  enqueue, unless delayed
-- Shared  index announce enqueue check

local P, type, type_json, priority, promote_at = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]

redis.call('SCARD', key_types())
check_jobs()
check_entry(promote_at == '' and 'inactive' or 'delayed', type)
local id = string.format('%.0f', redis.call('INCR', key_ids()))
local zid = zid_of(id)
redis.call('HSET', key_job(id), unpack(ARGV, 6))
redis.call('SADD', key_types(), type)
redis.call('ZADD', KEYS[1], priority, zid)
if promote_at == '' then
  enqueue(id, type, type_json, zid, priority)
else
  enter('delayed', type, zid, promote_at, priority)
end
return tonumber(id)
