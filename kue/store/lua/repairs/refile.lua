-- refile: moves a job into the zsets where it belongs by its hash, and out of all others. A stuck job is queued.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    id
--          3    mark of the hash when the fault was found
--          4    now, in ms
-- Returns  1, or 0 if the fault is gone
-- Events   enqueue if the job is queued
-- Shared   examine refile

local job = examine(ARGV[2], '')
if not job or job.mark ~= ARGV[3] or not (is_kind(job, 'misfiled') or is_kind(job, 'stuck')) then return 0 end
refile(job, tonumber(ARGV[4]))
return 1
