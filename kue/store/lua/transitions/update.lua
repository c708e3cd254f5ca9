-- update: writes the options and data of a saved job again, in the state that it is in.
-- A job that is inactive but in no inactive zset of its type is not queued: a Node worker has popped it, and is about
-- to make it active. If that worker died in between, the job is stuck, and restore_stuck queues it.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    id
--          3    worker id of the run that must hold the job; '' if any caller may
--          4    now, in ms
--          5    priority
--          6    delay in ms, or ''
--          7... fields and their values
-- Returns  {state, promote_at}; {} if there is no such job; -1 if the run does not hold it
-- Events   enqueue if the job waits; it also gets another token, as in Kue
-- Shared   number index deadline check enqueue

local id, worker, now, priority = ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])

local job, zid = key_job(id), zid_of(id)
local held = redis.call('HMGET', job, 'type', 'state', 'workerId', 'ttl', 'failed_at', 'created_at', 'promote_at')
local type, state, promote_at = held[1], held[2], held[7]
if not type then return {} end
if worker ~= '' and (state ~= 'active' or held[3] ~= worker) then return -1 end

check_jobs()
if state and state ~= '' then check_entry(state, type) end
local waits = state == 'inactive' and redis.call('ZSCORE', key_type_state(type, 'inactive'), zid)
redis.call('HSET', job, 'updated_at', ARGV[4], unpack(ARGV, 7))
if ARGV[6] ~= '' then
  promote_at = string.format('%.0f', (to_number(held[5]) or to_number(held[6]) or now) + ARGV[6])
  redis.call('HSET', job, 'promote_at', promote_at)
end
redis.call('ZADD', KEYS[1], priority, zid)
if waits then
  enqueue(id, type, cjson.encode(type), zid, priority)
elseif state == 'inactive' then
  redis.call('ZADD', key_state('inactive'), 'XX', priority, zid)
elseif state == 'active' then
  local ttl = redis.call('HGET', job, 'ttl')
  enter(state, type, zid, active_score(now, ttl, priority, held[3]), priority)
elseif state == 'delayed' then
  enter(state, type, zid, to_number(promote_at) or now, priority)
elseif state and state ~= '' then
  enter(state, type, zid, priority, priority)
end
return {state or '', to_number(promote_at) and string.format('%.0f', promote_at) or ''}
