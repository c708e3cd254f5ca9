-- examine_logs: finds logs whose jobs are gone. Reads only.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2... ids
-- Returns  the ids of such logs
-- Events   none

local answer = {}
for i = 2, #ARGV do
  if redis.call('EXISTS', key_job(ARGV[i])) == 0 and redis.call('EXISTS', key_log(ARGV[i])) == 1 then
    answer[#answer + 1] = ARGV[i]
  end
end
return answer
