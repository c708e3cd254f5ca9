-- snooze: a run puts its job off: it becomes delayed, or inactive if its time has come, and uses up no attempt.
-- If the run was cancelled, the job fails for good instead.
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
-- Returns  {1}, or {1, 'failed', error} if the run was cancelled
--          {-1, state, worker id} if the run does not hold the job; then '' and the error, if it was cancelled
-- Events   those among the effects; enqueue if the job is queued at once; error, failed and perhaps remove if the
--          run was cancelled
-- Shared   number index append_log check options effects unique enqueue run_record cancelled

local id, worker, now, delay = ARGV[2], ARGV[3], tonumber(ARGV[5]), tonumber(ARGV[6])

local job, zid = key_job(id), zid_of(id)
local held = redis.call('HMGET', job, 'state', 'workerId', 'type', 'priority', 'py_unique', 'py_cancel')
if held[1] ~= 'active' or held[2] ~= worker or not held[3] then
  local reply, error = {-1, held[1] or '', held[2] or ''}, cancelled_error(held[6], worker)
  if error then reply[4], reply[5] = '', error end
  return reply
end
local changed = changed_options(8, #ARGV) or {}
local type, priority = held[3], to_number(changed.priority or held[4]) or 0
local cancelled, promote_at = cancelled_error(held[6], worker), string.format('%.0f', now + delay)
local state = cancelled and 'failed' or delay > 0 and 'delayed' or 'inactive'

check_state('active', type)
check_entry(state, type)
if cancelled then check_jobs() end
write_effects(id, job, 8, #ARGV)
if cancelled then
  write_cancelled(id, worker, ARGV[5], cancelled)
else
  local fields = {'state', state, 'updated_at', ARGV[5], 'promote_at', promote_at}
  append_run_of(job, fields, now, 'snoozed')
  append_log(id, ARGV[7])
  redis.call('HSET', job, unpack(fields))
  retake_unique(id, held[5])
end
publish_effects(8, #ARGV)
leave('active', type, zid)
if cancelled then
  end_cancelled_run(id, type, zid, priority, held[5], cancelled)
elseif state == 'inactive' then
  enqueue(id, type, ARGV[4], zid, priority)
else
  enter('delayed', type, zid, promote_at, priority)
end
return {1, cancelled and 'failed' or nil, cancelled}
