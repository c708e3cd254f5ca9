-- drop_log: a log that has outlived its job goes too.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 id
-- Returns  1, or 0 where there is such a job, or no such log
-- Events  none

local P, id = ARGV[1], ARGV[2]

if redis.call('EXISTS', key_job(id)) == 1 then return 0 end
return redis.call('DEL', key_log(id))
