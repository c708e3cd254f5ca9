-- drop_unreadable: what stands in the place of a job and is none (it has no type, or is no hash) leaves every set.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 id, 3 mark as it was when it was found so, 4... every type
-- Returns  1, or 0 where it is not so any more
-- Events  none
-- Shared  drop examine

local P, id = ARGV[1], ARGV[2]

local job = examine(id, '')
if not is_kind(job, 'unreadable') or job.mark ~= ARGV[3] then return 0 end
local types = {}
for i = 4, #ARGV do types[i - 3] = ARGV[i] end
drop(id, job.zid, types)
return 1
