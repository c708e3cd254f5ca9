-- examine_logs: which logs have outlived their jobs. Reads only.
-- KEYS  1 every job
-- ARGV  1 prefix, 2... ids
-- Returns  the ids of such logs
-- Events  none

local P = ARGV[1]

local answer = {}
for i = 2, #ARGV do
  if redis.call('EXISTS', key_job(ARGV[i])) == 0 and redis.call('EXISTS', key_log(ARGV[i])) == 1 then
    answer[#answer + 1] = ARGV[i]
  end
end
return answer
