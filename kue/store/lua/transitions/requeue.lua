-- requeue: a run gives its job back: it becomes inactive and uses up no attempt. The field py_requeues counts that.
-- If the run was cancelled, the job fails for good instead.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    id
--          3    worker id of the run
--          4    type as JSON
--          5    now, in ms
--          6    line for the log, with the reason
--          7... effects
-- Returns  {1}, or {1, 'failed', error} if the run was cancelled
--          {-1, state, worker id} if the run does not hold the job; then '' and the error, if it was cancelled
-- Events   those among the effects; enqueue, or error, failed and perhaps remove if the run was cancelled
-- Shared   number index check options effects put_back enqueue cancelled

local id, worker = ARGV[2], ARGV[3]

local job, zid = key_job(id), zid_of(id)
local held = redis.call('HMGET', job, 'state', 'workerId', 'type', 'priority', 'py_requeues', 'py_unique', 'py_cancel')
if held[1] ~= 'active' or held[2] ~= worker or not held[3] then
  local reply, error = {-1, held[1] or '', held[2] or ''}, cancelled_error(held[7], worker)
  if error then reply[4], reply[5] = '', error end
  return reply
end
local changed = changed_options(7, #ARGV) or {}
local priority, cancelled = to_number(changed.priority or held[4]) or 0, cancelled_error(held[7], worker)

check_state('active', held[3])
check_entry(cancelled and 'failed' or 'inactive', held[3])
if cancelled then check_jobs() end
write_effects(id, job, 7, #ARGV)
if cancelled then
  write_cancelled(id, worker, ARGV[5], cancelled)
else
  put_back(id, ARGV[5], ARGV[6], held[5], held[6])
end
publish_effects(7, #ARGV)
leave('active', held[3], zid)
if cancelled then
  end_cancelled_run(id, held[3], zid, priority, held[6], cancelled)
else
  enqueue(id, held[3], ARGV[4], zid, priority)
end
return {1, cancelled and 'failed' or nil, cancelled}
