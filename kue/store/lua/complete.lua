-- complete: the run that holds an active job ends it well, after what it still had to say.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 id, 3 worker id, 4 type as JSON, 5 now, 6 duration, 7 result as JSON or '', 8 result for the event,
--       9... sayings
-- Returns  {1}, or {-1, state, worker id} where the run does not hold the job
-- Events  those said, complete; remove where the job is removed on completion
-- Shared  index announce deadline append_log say erase count_attempt check

local P, id, worker, now = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[5])

local job, zid = key_job(id), zid_of(id)
local held = redis.call('HMGET', job, 'state', 'workerId', 'type', 'priority', 'ttl', 'attempts', 'max_attempts', 'removeOnComplete')
if held[1] ~= 'active' or held[2] ~= worker then return {-1, held[1] or '', held[2] or ''} end
local type, priority = held[3], tonumber(held[4]) or 0
local is_removed = held[8] and held[8] ~= ''

check_state('active', type)
if is_removed then check_jobs() else check_state('complete', type) end
say(id, job, 9, now)
if is_removed then
  leave('active', type, zid)
  redis.pcall('INCRBY', key_work_time(), ARGV[6]) -- a counter that is no number must not hold up the work
  announce(id, 'complete', ',' .. ARGV[8] .. ',null')
  erase(id, type, ARGV[4], zid)
  return {1}
end

local fields = {'duration', ARGV[6], 'progress', '100', 'state', 'complete', 'updated_at', ARGV[5]}
local made = count_attempt(held[6], held[7])
if made then
  fields[#fields + 1] = 'attempts'
  fields[#fields + 1] = made
end
if ARGV[7] ~= '' then
  fields[#fields + 1] = 'result'
  fields[#fields + 1] = ARGV[7]
end
redis.call('HSET', job, unpack(fields)) -- before the first write that Redis allows without memory: all or nothing
redis.pcall('INCRBY', key_work_time(), ARGV[6])
leave('active', type, zid)
enter('complete', type, zid, priority, priority)
announce(id, 'complete', ',' .. ARGV[8] .. ',null')
return {1}
