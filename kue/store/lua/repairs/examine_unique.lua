-- examine_unique: finds unique keys whose jobs are gone. Reads only.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2... unique keys
-- Returns  {unique key, id} for each
-- Events   none

local answer = {}
for i = 2, #ARGV do
  local id = redis.call('HGET', key_unique(), ARGV[i])
  if id and redis.call('EXISTS', key_job(id)) == 0 then answer[#answer + 1] = {ARGV[i], id} end
end
return answer
