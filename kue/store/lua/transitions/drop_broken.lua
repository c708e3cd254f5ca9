-- drop_broken: a job whose hash is missing or has no type leaves every index that can be known.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 id, 3 a type it was listed under, or ''
-- Returns  1, or 0 where the job has a type after all
-- Events  none
-- Shared  index drop

local P, id, type = ARGV[1], ARGV[2], ARGV[3]

local kind = redis.pcall('HGET', key_job(id), 'type')
if kind and not kind.err and kind ~= '' then return 0 end
drop(id, zid_of(id), {type})
return 1
