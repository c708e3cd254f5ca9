-- release_lock: frees a lock, if the token is still ours (compare and delete, as Kue does).
-- KEYS  1 every job
-- ARGV  1 prefix, 2 lock key, 3 lock token
-- Returns  1, or 0 where somebody else holds it
-- Events  none

if redis.call('GET', ARGV[2]) ~= ARGV[3] then return 0 end
return redis.call('DEL', ARGV[2])
