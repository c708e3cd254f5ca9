-- apply_effects: writes and publishes what a run, or any other caller, reports about a job.
-- That is log lines, fields, events, a new deadline.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    id
--          3    fence
--          4    now, in ms
--          5... effects
-- Returns  {1}; {-1, state, worker id} if the run does not hold the job; {-2} if there is no such job; {-3}
--          if its number is another job's
-- Events   those among the effects
-- Shared   number fence effects

local id, worker, now = ARGV[2], run_of(ARGV[3]), tonumber(ARGV[4])

local job = key_job(id)
local held = redis.call('HMGET', job, 'state', 'workerId', 'priority', 'ttl', 'type')
if not held[5] then return {-2} end
if is_other_job(id, ARGV[3]) then return {-3} end
if worker ~= '' and (held[1] ~= 'active' or held[2] ~= worker) then return {-1, held[1] or '', held[2] or ''} end
write_effects(id, job, 5, #ARGV, now, held[1], held[4], to_number(held[3]) or 0, held[2])
publish_effects(5, #ARGV)
return {1}
