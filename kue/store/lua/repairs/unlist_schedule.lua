-- unlist_schedule: takes a schedule without a hash out of the zset.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    name
-- Returns  1, or 0 if it has a hash, or is not in the zset
-- Events   none

if redis.call('EXISTS', key_schedule(ARGV[2])) == 1 then return 0 end
return redis.call('ZREM', key_schedules(), ARGV[2])
