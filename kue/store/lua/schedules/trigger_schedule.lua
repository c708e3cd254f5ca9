-- trigger_schedule: saves a job of a schedule now. Its next time and its counters stay as they are.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    name
--          3    now, in ms
-- Returns  {id of the job, {field, value, ...}}: a worker may take it and remove it at once; false if there is no
--          such schedule
-- Events   enqueue if the job is not delayed
-- Shared   schedule

local held = read_schedule(ARGV[2])
if not held then return false end
local id = save_scheduled(ARGV[2], held, {ARGV[3]}, ARGV[3])
redis.call('HSET', key_schedule(ARGV[2]), 'last_job_id', id, 'last_triggered_id', id)
return {id, redis.call('HGETALL', key_job(id))}
