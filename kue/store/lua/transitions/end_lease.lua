-- end_lease: ends the lease of a process, because it has stopped, or has died and its jobs were rescued.
-- If it has stopped, its record is removed, and it is not lost, though its lease may have run out before.
-- If it has died, it is among the lost processes for an hour, and keeps its record for so long.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    process
--          3    'expired' to end the lease only if it has run out, else ''
-- Returns  1, or 0 if there was nothing to end
-- Events   none
-- Shared   lease

local LOST_MS = 3600 * 1000

if ARGV[3] ~= 'expired' then
  redis.call('DEL', key_worker(ARGV[2]))
  redis.pcall('ZREM', key_lost(), ARGV[2])  -- it may be of another kind
  return redis.call('ZREM', key_leases(), ARGV[2])
end
local now, ended = redis_now(), redis.call('ZSCORE', key_leases(), ARGV[2])
if not ended or tonumber(ended) > now then return 0 end
redis.call('ZREM', key_leases(), ARGV[2])
if type(redis.pcall('ZADD', key_lost(), ended, ARGV[2])) == 'number' then
  for _, process in ipairs(redis.call('ZRANGEBYSCORE', key_lost(), '-inf', now - LOST_MS)) do
    redis.call('ZREM', key_lost(), process)
  end
  redis.call('PEXPIRE', key_lost(), LOST_MS)
end
redis.call('PEXPIRE', key_worker(ARGV[2]), LOST_MS)
return 1
