-- list_schedule: puts a schedule that has only a hash into the zset, so that it is due again.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    name
--          3    its next time, in ms; '' if there is none
-- Returns  1, or 0 if it is in the zset by now, or has no hash any more
-- Events   none
-- Shared   schedule

local held, due = read_schedule(ARGV[2]), ARGV[3]
if not held or due_of(ARGV[2]) then return 0 end
return redis.call('ZADD', key_schedules(), (held.paused or is_over(held, due)) and '+inf' or due, ARGV[2])
