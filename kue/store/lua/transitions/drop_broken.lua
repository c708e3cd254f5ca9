-- drop_broken: a job whose hash is missing or has no type, or a member that is no zid, leaves every zset of jobs.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    member
--          3... types, whose zsets it leaves as well
-- Returns  1, or 0 if the job has a type after all
-- Events   none
-- Shared   index readable drop

local zid = ARGV[2]

local id = id_of(zid)
local kind = id and read_or_nil('HGET', key_job(id), 'type')
if kind and kind ~= '' then return 0 end
local types = {}
for i = 3, #ARGV do types[i - 2] = ARGV[i] end
drop(id, zid, types)
return 1
