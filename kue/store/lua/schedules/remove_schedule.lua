-- remove_schedule: removes a schedule. The jobs that it has saved stay.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    name
-- Returns  whether there was one: 1 or 0
-- Events   none

local removed = redis.call('ZREM', key_schedules(), ARGV[2])
return redis.call('DEL', key_schedule(ARGV[2])) + removed > 0 and 1 or 0
