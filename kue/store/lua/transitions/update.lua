-- update: writes what a job object changed, options and data, and leaves the job in the state that it is in. But a
-- waiting job that gets a delay becomes delayed.
-- A job that is inactive but in no inactive zset of its type is not moved: a Node worker has popped it, and is about
-- to make it active. If that worker died in between, the job is stuck, and restore_stuck queues it.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    id
--          3    fence
--          4    now, in ms
--          5... effects: the options that changed, and fields
-- Returns  {new state, promote_at}; {} if there is no such job; -1 if the run does not hold it; -2 if the
--          number is another job's
-- Events   enqueue if the job goes on waiting; it also gets another token, as in Kue
-- Shared   number index deadline fence check options effects enqueue

local id, worker, now = ARGV[2], run_of(ARGV[3]), tonumber(ARGV[4])

local job, zid = key_job(id), zid_of(id)
local held = redis.call('HMGET', job, 'type', 'state', 'workerId', 'priority', 'ttl', 'promote_at')
local type, state = held[1], held[2] or ''
if not type then return {} end
if worker ~= '' and (state ~= 'active' or held[3] ~= worker) then return -1 end
if is_other_job(id, ARGV[3]) then return -2 end
local changed = changed_options(5, #ARGV) or {}
local priority = to_number(changed.priority or held[4]) or 0
local promote_at = to_number(changed.promote_at or held[6])

check_jobs()
if state ~= '' then check_entry(state, type) end
local waits = state == 'inactive' and redis.call('ZSCORE', key_type_state(type, 'inactive'), zid)
local put_off = waits and (changed.delay or '') ~= ''
if put_off then check_state('delayed', type) end
write_effects(id, job, 5, #ARGV)
redis.call('HSET', job, 'updated_at', ARGV[4])
if put_off then
  redis.call('HSET', job, 'state', 'delayed')
  leave('inactive', type, zid)
  state = 'delayed'
end
redis.call('ZADD', key_jobs(), priority, zid)
if waits and not put_off then
  enqueue(id, type, cjson.encode(type), zid, priority)
elseif state == 'inactive' then
  redis.call('ZADD', key_state('inactive'), 'XX', priority, zid)
elseif state == 'active' then
  enter(state, type, zid, active_score(now, changed.ttl or held[5], priority, held[3]), priority)
elseif state == 'delayed' then
  enter(state, type, zid, promote_at or now, priority)
elseif state ~= '' then
  enter(state, type, zid, priority, priority)
end
return {state, promote_at and string.format('%.0f', promote_at) or ''}
