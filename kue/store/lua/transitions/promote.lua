-- promote: delayed jobs whose time has come become inactive, in order.
-- Kue's promotion lock must be held. Node reads the ids first and moves each job afterwards, so two promoters at the
-- same time would make a job run twice.
-- A job whose type has a key of the wrong kind stays as it is and is not counted: the next in line comes instead.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    lock key
--          3    lock token
--          4    now, in ms
--          5    how many jobs at most
-- Returns  {how many were looked at, members of broken jobs...}, or {-1} if the lock is not held any more
-- Events   promotion and enqueue for each
-- Shared   number index readable announce can_move enqueue

local now, most = ARGV[4], tonumber(ARGV[5])

if redis.call('GET', ARGV[2]) ~= ARGV[3] then return {-1} end
local movable = {}
local function is_movable(type)
  if movable[type] == nil then movable[type] = can_move(type, 'delayed', 'inactive') end
  return movable[type]
end

local due, read = {}, 0
repeat
  local zids = redis.call('ZRANGEBYSCORE', key_state('delayed'), 0, now, 'LIMIT', read, most)
  read = read + #zids
  for _, zid in ipairs(zids) do
    local id = id_of(zid)
    local held = id and read_or_nil('HMGET', key_job(id), 'type', 'priority', 'state')
    if held and (held[1] or '') == '' then held = nil end
    if #due < most and (not held or is_movable(held[1])) then
      due[#due + 1] = {id = id, zid = zid, held = held}
    end
  end
until #zids < most or #due == most

local answer = {#due}
for _, job in ipairs(due) do
  local held = job.held
  if not held then
    redis.call('ZREM', key_state('delayed'), job.zid)
    answer[#answer + 1] = job.zid
  elseif held[3] ~= 'delayed' then
    leave('delayed', held[1], job.zid)
  else
    announce(job.id, 'promotion', '')
    leave('delayed', held[1], job.zid)
    redis.call('HSET', key_job(job.id), 'state', 'inactive', 'updated_at', now)
    enqueue(job.id, held[1], cjson.encode(held[1]), job.zid, to_number(held[2]) or 0)
  end
end
return answer
