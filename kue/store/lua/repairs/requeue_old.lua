-- requeue_old: an active job that a worker in Node has not touched for too long goes back to its queue.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 id, 3 mark of the hash as it was when it was found so, 4 now
-- Returns  1, or 0 where the job is not so any more
-- Events  enqueue
-- Shared  index check enqueue examine

local P, id, now = ARGV[1], ARGV[2], ARGV[4]

local job = examine(id, now)
if not is_kind(job, 'old') or job.mark ~= ARGV[3] then return 0 end
check_tokens(job.type)
leave('active', job.type, job.zid)
redis.call('HSET', key_job(id), 'state', 'inactive', 'updated_at', now)
enqueue(id, job.type, cjson.encode(job.type), job.zid, job.priority or 0)
return 1
