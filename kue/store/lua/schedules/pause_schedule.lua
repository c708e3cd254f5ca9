-- pause_schedule: a schedule saves no more jobs until it is resumed.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    name
-- Returns  {next time, {field, value, ...}}; false if there is no such schedule
-- Events   none
-- Shared   schedule

local name = ARGV[2]

if not read_schedule(name) then return false end
due_of(name) -- raises if the key is of another kind
redis.call('HSET', key_schedule(name), 'paused', 1)
redis.call('ZADD', key_schedules(), '+inf', name)
return show_schedule(name)
