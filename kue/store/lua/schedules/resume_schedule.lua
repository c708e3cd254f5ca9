-- resume_schedule: a paused schedule saves jobs again, from now on.
-- One that is not paused stays as it is.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    name
--          3    digest as it was read
--          4    next time from now, in ms; '' if there is none
-- Returns  {next time, {field, value, ...}}; false if there is no such schedule; -1 if it is not as it was read
-- Events   none
-- Shared   schedule

local name, due = ARGV[2], ARGV[4]

local held, score = read_schedule(name), due_of(name)
if not held then return false end
if held.digest ~= ARGV[3] then return -1 end
if held.paused or not score then
  redis.call('ZADD', key_schedules(), is_over(held, due) and '+inf' or due, name)
  redis.call('HDEL', key_schedule(name), 'paused')
end
return show_schedule(name)
