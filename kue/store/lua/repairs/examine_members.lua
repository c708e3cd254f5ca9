-- examine_members: finds members that do not belong in a zset of jobs. Reads only.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    the zset
--          3    type of the zset; '' if it holds all types
--          4... members
-- Returns  {member, why, type of its job} for each
-- Events   none
-- Shared   stray

local answer = {}
for i = 4, #ARGV do
  local why, type = stray(ARGV[2], ARGV[i], ARGV[3])
  if why then answer[#answer + 1] = {ARGV[i], why, type} end
end
return answer
