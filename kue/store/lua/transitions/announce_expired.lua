-- announce_expired: publishes `ttl exceeded` for active jobs past their deadline.
-- A worker that still holds such a job ends it then. The jobs of processes with a higher protocol are left alone.
-- This is the first half of Kue's expiry, and needs Kue's lock. A member that is no zid leaves the zset.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    lock key
--          3    lock token
--          4    now, in ms
--          5    how many jobs at most
-- Returns  {1, id, worker id, id, worker id, ...}, or {-1} if the lock is not held
-- Events   ttl exceeded for each
-- Shared   index announce protocol

local MAX_PAGES = 10 -- so that many jobs of newer processes do not make this script slow

if redis.call('GET', ARGV[2]) ~= ARGV[3] then return {-1} end
local answer, limit, passed = {1}, tonumber(ARGV[5]), 0
for _ = 1, MAX_PAGES do
  local zids = redis.call('ZRANGEBYSCORE', key_state('active'), 100000, ARGV[4], 'LIMIT', passed, limit)
  for _, zid in ipairs(zids) do
    local id = id_of(zid)
    if id then
      local worker = redis.pcall('HGET', key_job(id), 'workerId')
      worker = type(worker) == 'string' and worker or ''
      local process = python_process(worker)
      if not (process and is_newer(process)) then
        answer[#answer + 1] = id
        answer[#answer + 1] = worker
        announce(id, 'ttl exceeded', '')
      end
      passed = passed + 1
    else
      redis.call('ZREM', key_state('active'), zid)
    end
  end
  if #zids < limit or #answer > 1 then break end
end
return answer
