-- fire: saves the jobs of a schedule that is due, and sets its next time.
-- Many processes may try. The one whose script comes first changes the next time, so that all others find another one.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    name
--          3    next time as it was read
--          4    digest as it was read
--          5    now, in ms
--          6    next time after this one, in ms; '' if there is none
--          7... times that get a job (at most 100), in ms
-- Returns  {jobs saved, jobs left out since one has not ended}, or {-1} if the schedule is not as it was read;
--          {jobs saved, jobs left out, id of the last} if the words of the jobs are to be written into the index
-- Events   enqueue for each job that is not delayed
-- Shared   schedule

local name, now, due = ARGV[2], ARGV[5], ARGV[6]

local held, score = read_schedule(name), due_of(name)
if not held or score ~= tonumber(ARGV[3]) or held.digest ~= ARGV[4] then return {-1} end
local fired, most = tonumber(held.fired) or 0, tonumber(held.times) or math.huge
local is_alone = held.overlap == 'skip'
local is_held_up = is_alone and last_job_is_open(name, held)
local times, left_out = {}, 0
for i = 7, #ARGV do
  if is_held_up then
    left_out = left_out + 1
  elseif fired + #times < most then
    times[#times + 1] = ARGV[i]
    is_held_up = is_alone
  end
end

local key, id = key_schedule(name)
if #times > 0 then
  id = save_scheduled(name, held, times, now)
  held.fired = fired + #times
  redis.call('HSET', key, 'fired', held.fired, 'last_at', times[#times], 'last_job_id', id,
    'last_fired_id', id)
end
if left_out > 0 then redis.call('HSET', key, 'skipped', (tonumber(held.skipped) or 0) + left_out) end
redis.call('ZADD', key_schedules(), is_over(held, due) and '+inf' or due, name)
if id and held['job:py_reindex'] then return {#times, left_out, id} end
return {#times, left_out}
