-- requeue: a run gives its job back: it becomes inactive and uses up no attempt. The field py_requeues counts that.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    id
--          3    worker id of the run
--          4    type as JSON
--          5    now, in ms
--          6    line for the log, with the reason
--          7... effects
-- Returns  {1}, or {-1, state, worker id} if the run does not hold the job
-- Events   those among the effects; enqueue
-- Shared   number index check options effects put_back enqueue

local id, worker = ARGV[2], ARGV[3]

local job, zid = key_job(id), zid_of(id)
local held = redis.call('HMGET', job, 'state', 'workerId', 'type', 'priority', 'py_requeues', 'py_unique')
if held[1] ~= 'active' or held[2] ~= worker or not held[3] then return {-1, held[1] or '', held[2] or ''} end
local changed = changed_options(7, #ARGV) or {}

check_state('active', held[3])
check_entry('inactive', held[3])
write_effects(id, job, 7, #ARGV)
put_back(id, ARGV[5], ARGV[6], held[5], held[6])
publish_effects(7, #ARGV)
leave('active', held[3], zid)
enqueue(id, held[3], ARGV[4], zid, to_number(changed.priority or held[4]) or 0)
return {1}
