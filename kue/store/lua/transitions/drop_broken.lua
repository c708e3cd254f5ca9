-- drop_broken: removes a job whose hash is missing or has no type from every zset that can be known.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    id
--          3    a type that it was listed under, or ''
-- Returns  1, or 0 if the job has a type after all
-- Events   none
-- Shared   index drop

local id, type = ARGV[2], ARGV[3]

local kind = redis.pcall('HGET', key_job(id), 'type')
if kind and not kind.err and kind ~= '' then return 0 end
drop(id, zid_of(id), {type})
return 1
