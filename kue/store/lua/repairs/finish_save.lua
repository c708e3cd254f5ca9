-- finish_save: finishes a save that broke off half-way.
-- If the data was not written yet, the job is dropped: no caller knows its id.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    id
--          3    mark of the hash when the fault was found
--          4    now, in ms
-- Returns  the new state, 'removed', or 0 if the fault is gone
-- Events   enqueue if the job is queued
-- Shared   number index check enqueue drop examine

local id, now = ARGV[2], ARGV[4]

local job = examine(id, '')
if not is_kind(job, 'unfinished') or job.mark ~= ARGV[3] then return 0 end
local held = redis.call('HMGET', key_job(id), 'data', 'delay', 'created_at')
check_tokens(job.type)
if not held[1] then
  drop(id, job.zid, {job.type})
  return 'removed'
end

local priority, delay = job.priority or 0, to_number(held[2]) or 0
local state = delay > 0 and 'delayed' or 'inactive'
local promote_at = to_number(job.promote_at) or (to_number(held[3]) or now) + delay
promote_at = string.format('%.0f', promote_at)
redis.call('HSET', key_job(id), 'state', state, 'priority', priority, 'promote_at', promote_at, 'updated_at', now)
redis.call('SADD', key_types(), job.type)
redis.call('ZADD', key_jobs(), priority, job.zid)
if state == 'delayed' then
  enter(state, job.type, job.zid, promote_at, priority)
else
  enqueue(id, job.type, cjson.encode(job.type), job.zid, priority)
end
return state
