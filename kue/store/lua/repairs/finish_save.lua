-- finish_save: a job whose save was cut off half-way is saved to its end; where its data was not written yet, it is taken
-- away, since nobody was told that it exists.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 id, 3 mark of the hash as it was when it was found so, 4 now
-- Returns  the state it has now, 'removed', or 0 where the job is not so any more
-- Events  enqueue where it is queued
-- Shared  number index check enqueue drop examine

local P, id, now = ARGV[1], ARGV[2], ARGV[4]

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
