-- apply_effects: what a run, or anybody with a job in hand, says of it: log lines, fields, events, a new deadline.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 id, 3 worker id, or '' for anybody, 4 now, 5... effects
-- Returns  {1}; {-1, state, worker id} where the run does not hold the job; {-2} where there is no job
-- Events  those said
-- Shared  number effects

local P, id, worker, now = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])

local job = key_job(id)
local held = redis.call('HMGET', job, 'state', 'workerId', 'priority', 'ttl', 'type')
if not held[5] then return {-2} end
if worker ~= '' and (held[1] ~= 'active' or held[2] ~= worker) then return {-1, held[1] or '', held[2] or ''} end
write_effects(id, job, 5, #ARGV, now, held[1], held[4], to_number(held[3]) or 0, held[2])
publish_effects(5, #ARGV)
return {1}
