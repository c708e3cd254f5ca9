-- unlist: a member leaves a zset of jobs in which it has no business.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 the zset, 3 its type, '' where it holds all types, 4 member
-- Returns  1, or 0 where the member may stay, or is gone
-- Events  none
-- Shared  stray

local P = ARGV[1]

if not stray(ARGV[2], ARGV[4], ARGV[3]) then return 0 end
return redis.call('ZREM', ARGV[2], ARGV[4])
