-- announce_expired: says `ttl exceeded` of active jobs past their deadline, so that a worker that still holds one ends
-- it; first half of Kue's expiry, under Kue's lock. A member that is none of Kue's is dropped.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 lock key, 3 lock token, 4 now, 5 how many at most
-- Returns  {1, id, worker id, id, worker id, ...}, or {-1} where the lock is not held
-- Events  ttl exceeded for each
-- Shared  index announce

local P = ARGV[1]

if redis.call('GET', ARGV[2]) ~= ARGV[3] then return {-1} end
local zids = redis.call('ZRANGEBYSCORE', key_state('active'), 100000, ARGV[4], 'LIMIT', 0, ARGV[5])
local answer = {1}
for _, zid in ipairs(zids) do
  local id = id_of(zid)
  if id then
    local worker = redis.pcall('HGET', key_job(id), 'workerId')
    answer[#answer + 1] = id
    answer[#answer + 1] = type(worker) == 'string' and worker or ''
    announce(id, 'ttl exceeded', '')
  else
    redis.call('ZREM', key_state('active'), zid)
  end
end
return answer
