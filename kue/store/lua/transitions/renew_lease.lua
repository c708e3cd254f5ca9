-- renew_lease: a working process stays alive for one more lease, from now on.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    process
--          3    lease in ms
--          4    'NX' to give a lease only to a process that has none, else ''
-- Returns  ms that were left of the lease before (negative if it had run out), or nil if there was none
-- Events   none
-- Shared   lease

local now = redis_now()
local before = redis.call('ZSCORE', key_leases(), ARGV[2])
if ARGV[4] == '' or not before then
  redis.call('ZADD', key_leases(), now + ARGV[3], ARGV[2])
end
return before and math.floor(before - now)
