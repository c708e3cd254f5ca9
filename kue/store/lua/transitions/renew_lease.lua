-- renew_lease: a working process is alive for so long from now on.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 process, 3 lease in ms, 4 'NX' to give one only to a process that has none, else ''
-- Returns  ms that were left of the lease before (negative where it had run out), nothing where there was none
-- Events  none
-- Shared  lease

local now = redis_now()
local before = redis.call('ZSCORE', key_leases(), ARGV[2])
if ARGV[4] == '' or not before then
  redis.call('ZADD', key_leases(), now + ARGV[3], ARGV[2])
end
return before and math.floor(before - now)
