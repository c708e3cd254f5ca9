-- save_unique: saves a new job with a unique key, unless another job stands for that key already.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2... what `create_unique` reads: the unique key; in how many ms at most one job may be saved for it, or '';
--               '1' if a waiting job gets the new data, or ''; and the job as `save` takes it
-- Returns  {id} of the new job; {id, {field, value, ...}} of the job that stands already, without fields if it is gone;
--          {0} if a type has the key of all unique keys
-- Events   enqueue if a job is saved that is not delayed
-- Shared   create_unique

local id, is_existing = create_unique(ARGV, 2)
if not id then return {0} end
if not is_existing then return {id} end
return {id, redis.call('HGETALL', key_job(id))}
