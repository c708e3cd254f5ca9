-- settle_state: a job whose state is missing, or none of Kue's, gets the one whose sets it is in; where they do not tell,
-- it fails, for somebody to look at.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 id, 3 mark of the hash as it was when it was found so, 4 now, 5 error, 6 error as JSON
-- Returns  the state it has now, or 0 where the job is not so any more
-- Events  error and failed where it fails, enqueue where it is queued
-- Shared  announce check finish examine refile

local P, id, now = ARGV[1], ARGV[2], ARGV[4]

local job = examine(id, '')
if not is_kind(job, 'unsettled') or job.mark ~= ARGV[3] then return 0 end
local is_known = #job.listed == 1
local state = is_known and job.listed[1] or 'failed'
check_tokens(job.type)
if state == 'active' then redis.call('ZCARD', key_leases()) end -- `examine` reads the leases then
redis.call('HSET', key_job(id), 'state', state, 'updated_at', now)
if not is_known then redis.call('HSET', key_job(id), 'error', ARGV[5], 'failed_at', now) end
refile(examine(id, ''), tonumber(now))
if not is_known then announce(id, 'error', ',' .. ARGV[6]) end
if is_end(state) then finish_filed(id, state, not is_known and ',' .. ARGV[6] .. ',null') end
return state
