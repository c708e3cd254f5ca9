-- update: the options and data of a saved job again, in the state it is in.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 id, 3 now, 4 priority, 5 delay in ms or '', 6... fields and values
-- Returns  {state, promote_at}, or {} where there is no job
-- Events  enqueue where the job is inactive (and another token, as Kue does)
-- Shared  index announce enqueue deadline check

local P, id, now, priority = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])

local job, zid = key_job(id), zid_of(id)
local held = redis.call('HMGET', job, 'type', 'state', 'workerId', 'ttl', 'failed_at', 'created_at', 'promote_at')
local type, state, promote_at = held[1], held[2], held[7]
if not type then return {} end

check_jobs()
if state and state ~= '' then check_entry(state, type) end
redis.call('HSET', job, 'updated_at', ARGV[3], unpack(ARGV, 6))
if ARGV[5] ~= '' then
  promote_at = string.format('%.0f', (tonumber(held[5]) or tonumber(held[6]) or now) + ARGV[5])
  redis.call('HSET', job, 'promote_at', promote_at)
end
redis.call('ZADD', KEYS[1], priority, zid)
if state == 'inactive' then
  enqueue(id, type, cjson.encode(type), zid, priority)
elseif state == 'active' then
  local ttl = redis.call('HGET', job, 'ttl')
  enter(state, type, zid, active_score(now, ttl, priority, held[3]), priority)
elseif state == 'delayed' then
  enter(state, type, zid, tonumber(promote_at) or now, priority)
elseif state and state ~= '' then
  enter(state, type, zid, priority, priority)
end
return {state or '', tonumber(promote_at) and string.format('%.0f', promote_at) or ''}
