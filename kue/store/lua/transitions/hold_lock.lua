-- hold_lock: takes a lock that is free, or keeps one whose token is ours, for some time from now on.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    lock key
--          3    lock token
--          4    ms
-- Returns  1, or 0 if another process holds the lock
-- Events   none

local held = redis.call('GET', ARGV[2])
if held and held ~= ARGV[3] then return 0 end
redis.call('SET', ARGV[2], ARGV[3], 'PX', ARGV[4])
return 1
