-- unlist: takes a member out of a zset of jobs in which it does not belong.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    the zset
--          3    type of the zset; '' if it holds all types
--          4    member
-- Returns  1, or 0 if the member belongs there, or is gone
-- Events   none
-- Shared   stray

if not stray(ARGV[2], ARGV[4], ARGV[3]) then return 0 end
return redis.call('ZREM', ARGV[2], ARGV[4])
