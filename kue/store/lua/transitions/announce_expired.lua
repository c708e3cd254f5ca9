-- announce_expired: publishes `ttl exceeded` for active jobs past their deadline, the longest overdue first.
-- A worker that still holds such a job ends it then. This is the first half of Kue's expiry, and needs Kue's lock.
-- It reads one page. What is not announced must not keep the jobs behind it from their turn:
-- - a job in another state leaves the active zsets
-- - a job without a type, or a member that is no zid, leaves the active zset, and is named so that the caller drops it
-- - a job of a process with a higher protocol stays, and so does one that no run could end, because a key of its type
--   is of the wrong kind: the next page begins behind them
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    lock key
--          3    lock token
--          4    now, in ms
--          5    how many members are on a page
--          6    how many to pass over: 0 for the first page
-- Returns  {1, how many to pass over for the next page (-1 if there is none), {members to drop}, id, worker id, id,
--          worker id, ...}, or {-1} if the lock is not held
-- Events   ttl exceeded for each job announced
-- Shared   index readable announce can_move protocol

local most, passed = tonumber(ARGV[5]), tonumber(ARGV[6])

if redis.call('GET', ARGV[2]) ~= ARGV[3] then return {-1} end
local endable = {}
local function is_endable(type)
  if endable[type] == nil then
    endable[type] = can_move(type, 'active', 'failed') and can_move(type, 'active', 'inactive')
      and can_move(type, 'active', 'delayed')
  end
  return endable[type]
end

local zids = redis.call('ZRANGEBYSCORE', key_state('active'), 100000, ARGV[4], 'LIMIT', passed, most)
local answer, broken, gone = {1, -1, {}}, {}, {}
for _, zid in ipairs(zids) do
  local id = id_of(zid)
  local held = id and read_or_nil('HMGET', key_job(id), 'type', 'state', 'workerId')
  if not held or not held[1] or held[1] == '' then
    broken[#broken + 1] = zid
  elseif held[2] ~= 'active' then
    gone[#gone + 1] = {zid = zid, type = held[1]}
  else
    local process = python_process(held[3])
    if not (process and is_newer(process)) and is_endable(held[1]) then
      answer[#answer + 1] = id
      answer[#answer + 1] = held[3] or ''
    end
    passed = passed + 1
  end
end

if #broken > 0 then redis.call('ZREM', key_state('active'), unpack(broken)) end
for _, job in ipairs(gone) do
  redis.call('ZREM', key_state('active'), job.zid)
  redis.pcall('ZREM', key_type_state(job.type, 'active'), job.zid)
end
for i = 4, #answer, 2 do announce(answer[i], 'ttl exceeded', '') end
if #zids == most then answer[2] = passed end
answer[3] = broken
return answer
