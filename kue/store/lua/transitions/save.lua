-- save: saves new jobs, each inactive or delayed, with ids in order.
-- If Redis refuses one job, it refuses all: the caller then sends each alone.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2... for each job, one after the other, what `create` reads: type, type as JSON, data, priority,
--               max_attempts, created_at, promote_at ('' if the job is not delayed), how many arguments its other
--               fields and their values take, and those
-- Returns  the id of the first job; the others have the ids that follow
-- Events   enqueue for each job that is not delayed
-- Shared   create

return create(ARGV, 2)
