-- end_lease: ends the lease of a process and removes its record, because it has stopped, or has died and its jobs were
-- rescued.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    process
--          3    'expired' to end the lease only if it has run out, else ''
-- Returns  1, or 0 if there was nothing to end
-- Events   none
-- Shared   lease

if ARGV[3] == 'expired' and is_alive(ARGV[2]) then return 0 end
redis.call('DEL', key_worker(ARGV[2]))
return redis.call('ZREM', key_leases(), ARGV[2])
