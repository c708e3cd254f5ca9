-- drop_unreadable: removes a key that stands in the place of a job but cannot be one: it has no type, or is no hash.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    id
--          3    mark of the hash when the fault was found
--          4... every type
-- Returns  1, or 0 if the fault is gone
-- Events   none
-- Shared   drop examine

local id = ARGV[2]

local job = examine(id, '')
if not is_kind(job, 'unreadable') or job.mark ~= ARGV[3] then return 0 end
local types = {}
for i = 4, #ARGV do types[i - 3] = ARGV[i] end
drop(id, job.zid, types)
return 1
