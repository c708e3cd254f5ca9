-- refile: a job goes to the sets where its hash says that it belongs, and to no others; one that was in no queue is queued.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 id, 3 mark of the hash as it was when it was found so, 4 now
-- Returns  1, or 0 where the job is not so any more
-- Events  enqueue where it is queued
-- Shared  examine refile

local P = ARGV[1]

local job = examine(ARGV[2], '')
if not job or job.mark ~= ARGV[3] or not (is_kind(job, 'misfiled') or is_kind(job, 'stuck')) then return 0 end
refile(job, tonumber(ARGV[4]))
return 1
