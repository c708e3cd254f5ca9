-- requeue_old: an active job becomes inactive that its Node worker has not touched for too long, or that no worker ever
-- had. A log line says so, and the field py_requeues counts that.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    id
--          3    mark of the hash when the fault was found
--          4    now, in ms
-- Returns  1, or 0 if the fault is gone
-- Events   enqueue
-- Shared   number index append_log check unique enqueue examine run_record

local id, now = ARGV[2], ARGV[4]

local job = examine(id, now)
local is_unheld = is_kind(job, 'unheld')
if not (is_unheld or is_kind(job, 'old')) or job.mark ~= ARGV[3] then return 0 end
check_tokens(job.type)
leave('active', job.type, job.zid)
local held = redis.call('HMGET', key_job(id), 'py_requeues', 'py_unique')
local requeues = to_number(held[1]) or 0
local line = 'put back: kue doctor found it active ' .. (is_unheld and 'without a worker' or 'for too long')
local fields = {'state', 'inactive', 'updated_at', now, 'py_requeues', requeues + 1}
append_run_of(key_job(id), fields, now, 'ghost', line)
append_log(id, line)
redis.call('HSET', key_job(id), unpack(fields))
retake_unique(id, held[2])
enqueue(id, job.type, cjson.encode(job.type), job.zid, job.priority or 0)
return 1
