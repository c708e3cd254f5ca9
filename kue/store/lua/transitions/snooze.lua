-- snooze: a run puts its job off: it becomes delayed, or inactive if its time has come, and uses up no attempt.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    id
--          3    worker id of the run
--          4    type as JSON
--          5    now, in ms
--          6    delay in ms; 0 queues the job at once
--          7    line for the log
--          8... effects
-- Returns  {1}, or {-1, state, worker id} if the run does not hold the job
-- Events   those among the effects; enqueue if the job is queued at once
-- Shared   number index append_log check options effects unique enqueue run_record

local id, worker, now, delay = ARGV[2], ARGV[3], tonumber(ARGV[5]), tonumber(ARGV[6])

local job, zid = key_job(id), zid_of(id)
local held = redis.call('HMGET', job, 'state', 'workerId', 'type', 'priority', 'py_unique')
if held[1] ~= 'active' or held[2] ~= worker or not held[3] then return {-1, held[1] or '', held[2] or ''} end
local changed = changed_options(8, #ARGV) or {}
local type, priority = held[3], to_number(changed.priority or held[4]) or 0
local state, promote_at = delay > 0 and 'delayed' or 'inactive', string.format('%.0f', now + delay)

check_state('active', type)
check_entry(state, type)
local fields = {'state', state, 'updated_at', ARGV[5], 'promote_at', promote_at}
append_run_of(job, fields, now, 'snoozed')
write_effects(id, job, 8, #ARGV)
append_log(id, ARGV[7])
redis.call('HSET', job, unpack(fields))
publish_effects(8, #ARGV)
leave('active', type, zid)
retake_unique(id, held[5])
if state == 'inactive' then
  enqueue(id, type, ARGV[4], zid, priority)
else
  enter('delayed', type, zid, promote_at, priority)
end
return {1}
