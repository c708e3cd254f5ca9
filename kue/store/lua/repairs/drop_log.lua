-- drop_log: deletes a log whose job is gone.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    id
-- Returns  1, or 0 if the job exists, or the log is gone
-- Events   none

local id = ARGV[2]

if redis.call('EXISTS', key_job(id)) == 1 then return 0 end
return redis.call('DEL', key_log(id))
