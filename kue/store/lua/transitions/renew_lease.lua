-- renew_lease: a working process stays alive for one more lease, from now on, and writes its record.
-- The record stays if the process dies, since rescue reads it. It ends with the lease (end_lease), or by itself 30 days
-- after it was last written: processes of older releases end leases, and know nothing of records.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    process
--          3    lease in ms
--          4    'NX' to give a lease only to a process that has none, else ''
--          5... fields of the record and their contents; none if the lease is given by another process
-- Returns  ms that were left of the lease before (negative if it had run out), or nil if there was none
-- Events   none
-- Shared   lease

local RECORD_MS = 30 * 24 * 3600 * 1000

local now = redis_now()
local before = redis.call('ZSCORE', key_leases(), ARGV[2])
if ARGV[4] == '' or not before then
  redis.call('ZADD', key_leases(), now + ARGV[3], ARGV[2])
end
if ARGV[5] then
  local written = redis.pcall('HSET', key_worker(ARGV[2]), unpack(ARGV, 5))
  if type(written) == 'number' then redis.call('PEXPIRE', key_worker(ARGV[2]), RECORD_MS) end
end
return before and math.floor(before - now)
