-- list_type: adds a type that has a job to the set of types.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    type
--          3    id of a job of this type
-- Returns  1, or 0 if there is no such job any more, or the type is there
-- Events   none
-- Shared   readable

if read_or_nil('HGET', key_job(ARGV[3]), 'type') ~= ARGV[2] then return 0 end
return redis.call('SADD', key_types(), ARGV[2])
