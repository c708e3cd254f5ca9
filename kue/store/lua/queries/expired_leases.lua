-- expired_leases: the Python processes whose lease has run out. Reads only.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
-- Returns  the processes
-- Events   none
-- Shared   lease

return redis.call('ZRANGEBYSCORE', key_leases(), '-inf', redis_now())
