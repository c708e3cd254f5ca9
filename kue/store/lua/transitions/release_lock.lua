-- release_lock: frees a lock if its token is still ours, as Kue does.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    lock key
--          3    lock token
-- Returns  1, or 0 if the token is not ours any more
-- Events   none

if redis.call('GET', ARGV[2]) ~= ARGV[3] then return 0 end
return redis.call('DEL', ARGV[2])
