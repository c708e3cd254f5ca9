-- raise_ids: raises the last id given out to the highest id that exists. Otherwise a new job gets the id of another.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    the highest id
-- Returns  1, or 0 if the counter is as high, or there is no such job
-- Events   none
-- Shared   readable

if not read_or_nil('HGET', key_job(ARGV[2]), 'type') then return 0 end
local last = redis.call('GET', key_ids())
if last and tonumber(last) and tonumber(last) >= tonumber(ARGV[2]) then return 0 end
redis.call('SET', key_ids(), ARGV[2])
return 1
