-- drop_unique: a unique key whose job is gone is free again.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 unique key, 3 id
-- Returns  1, or 0 where it stands for another job by now, or the job is there
-- Events  none

local P = ARGV[1]

if redis.call('HGET', key_unique(), ARGV[2]) ~= ARGV[3] then return 0 end
if redis.call('EXISTS', key_job(ARGV[3])) == 1 then return 0 end
return redis.call('HDEL', key_unique(), ARGV[2])
