-- promote: delayed jobs whose time has come become inactive, in order, under Kue's promotion lock (Node reads the ids
-- first and moves each afterwards, so that two promoters at once would make a job run twice).
-- KEYS  1 every job
-- ARGV  1 prefix, 2 lock key, 3 lock token, 4 now, 5 how many at most
-- Returns  {looked at, broken ids...}, or {-1} where the lock is not held any more
-- Events  promotion and enqueue for each
-- Shared  index announce enqueue

local P, now = ARGV[1], ARGV[4]

if redis.call('GET', ARGV[2]) ~= ARGV[3] then return {-1} end
local zids = redis.call('ZRANGEBYSCORE', key_state('delayed'), 0, now, 'LIMIT', 0, ARGV[5])
local answer, due = {#zids}, {}
for i, zid in ipairs(zids) do
  local id = id_of(zid)
  local held = id and redis.pcall('HMGET', key_job(id), 'type', 'priority', 'state')
  if held and (held.err or not held[1] or held[1] == '') then held = nil end
  due[i] = {id = id or zid, zid = zid, held = held}
end
for _, job in ipairs(due) do
  local held = job.held
  if not held then
    redis.call('ZREM', key_state('delayed'), job.zid)
    answer[#answer + 1] = job.id
  elseif held[3] ~= 'delayed' then
    redis.call('ZREM', key_state('delayed'), job.zid)
    redis.call('ZREM', key_type_state(held[1], 'delayed'), job.zid)
  else
    announce(job.id, 'promotion', '')
    leave('delayed', held[1], job.zid)
    redis.call('HSET', key_job(job.id), 'state', 'inactive', 'updated_at', now)
    enqueue(job.id, held[1], cjson.encode(held[1]), job.zid, tonumber(held[2]) or 0)
  end
end
return answer
