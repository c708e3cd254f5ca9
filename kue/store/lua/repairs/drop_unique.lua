-- drop_unique: frees a unique key whose job is gone.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    unique key
--          3    id
-- Returns  1, or 0 if the key stands for another job by now, or the job exists
-- Events   none

if redis.call('HGET', key_unique(), ARGV[2]) ~= ARGV[3] then return 0 end
if redis.call('EXISTS', key_job(ARGV[3])) == 1 then return 0 end
return redis.call('HDEL', key_unique(), ARGV[2])
