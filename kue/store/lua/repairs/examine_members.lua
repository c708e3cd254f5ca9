-- examine_members: which members of a zset of jobs have no business there. Reads only.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 the zset, 3 its type, '' where it holds all types, 4... members
-- Returns  {member, why, type the job has} for each
-- Events  none
-- Shared  stray

local P = ARGV[1]

local answer = {}
for i = 4, #ARGV do
  local why, type = stray(ARGV[2], ARGV[i], ARGV[3])
  if why then answer[#answer + 1] = {ARGV[i], why, type} end
end
return answer
