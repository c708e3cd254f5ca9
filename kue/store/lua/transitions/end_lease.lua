-- end_lease: a process works no more, by its own word, or because its lease ran out and its jobs were seen to.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 process, 3 'expired' where only a lease that has run out may go, else ''
-- Returns  1, or 0 where there was nothing to end
-- Events  none
-- Shared  lease

if ARGV[3] == 'expired' and is_alive(ARGV[2]) then return 0 end
return redis.call('ZREM', key_leases(), ARGV[2])
