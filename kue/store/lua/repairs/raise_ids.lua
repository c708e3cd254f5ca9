-- raise_ids: the next job does not get the id of one that exists.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 the highest id
-- Returns  1, or 0 where the last id given out is as high, or there is no such job
-- Events  none

local P = ARGV[1]

local type = redis.pcall('HGET', key_job(ARGV[2]), 'type')
if not type or type.err then return 0 end
local last = redis.call('GET', key_ids())
if last and tonumber(last) and tonumber(last) >= tonumber(ARGV[2]) then return 0 end
redis.call('SET', key_ids(), ARGV[2])
return 1
