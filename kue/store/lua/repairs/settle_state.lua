-- settle_state: a job without a state, or with one that Kue does not know, gets the state whose zsets it is in.
-- If it is in the zsets of no state or of several, it fails.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    id
--          3    mark of the hash when the fault was found
--          4    now, in ms
--          5    error
--          6    error as JSON
-- Returns  the new state, or 0 if the fault is gone
-- Events   error and failed if the job fails; enqueue if it is queued
-- Shared   announce stamp check finish examine refile

local id, now = ARGV[2], ARGV[4]

local job = examine(id, '')
if not is_kind(job, 'unsettled') or job.mark ~= ARGV[3] then return 0 end
local is_known = #job.listed == 1
local state = is_known and job.listed[1] or 'failed'
check_tokens(job.type)
if state == 'active' then redis.call('ZCARD', key_leases()) end -- checked here: the second `examine` will read it
redis.call('HSET', key_job(id), 'state', state, 'updated_at', now)
if not is_known then redis.call('HSET', key_job(id), 'error', ARGV[5], 'failed_at', now) end
refile(examine(id, ''), tonumber(now))
if not is_known then announce(id, 'error', ',' .. ARGV[6]) end
if is_end(state) then
  local held = redis.call('HMGET', key_job(id), 'created_at', 'py_unique')
  finish_filed(id, state, held[2], not is_known and ',' .. ARGV[6] .. ',null', stamp(held[1]))
end
return state
