-- fail_unreadable: a waiting job whose data is not JSON fails before it reaches a worker.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    id
--          3    the data
--          4    now, in ms
--          5    error
--          6    error as JSON
-- Returns  1, or 0 if the data has changed or the job is not waiting any more
-- Events   error, failed
-- Shared   announce stamp check finish examine refile

local id, now = ARGV[2], ARGV[4]

local job = examine(id, '')
if not job or (job.state ~= 'inactive' and job.state ~= 'delayed') then return 0 end
if redis.call('HGET', key_job(id), 'data') ~= ARGV[3] then return 0 end
check_tokens(job.type)
redis.call('HSET', key_job(id), 'state', 'failed', 'error', ARGV[5], 'failed_at', now, 'updated_at', now)
refile(examine(id, ''), tonumber(now))
announce(id, 'error', ',' .. ARGV[6])
local held = redis.call('HMGET', key_job(id), 'created_at', 'py_unique')
finish_filed(id, 'failed', held[2], ',' .. ARGV[6] .. ',null', stamp(held[1]))
return 1
