-- list_type: a type that has a job is among the types.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 type, 3 id of a job of this type
-- Returns  1, or 0 where there is no such job any more, or the type is there
-- Events  none

local P = ARGV[1]

if redis.pcall('HGET', key_job(ARGV[3]), 'type') ~= ARGV[2] then return 0 end
return redis.call('SADD', key_types(), ARGV[2])
