-- examine_object: finds codes of a job whose zsets do not list the job. Reads only.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    id
--          3... codes of the job
-- Returns  {code, 'word'} for each; {'', 'job'} alone if the job is gone
-- Events   none
-- Shared   readable

local id = ARGV[2]

local object = key_search_object(id)
if redis.call('EXISTS', object) == 1 and redis.call('EXISTS', key_job(id)) == 0 then return {{'', 'job'}} end
local answer = {}
for i = 3, #ARGV do
  if read_or_nil('ZSCORE', key_search_word(ARGV[i]), id) == false and redis.call('ZSCORE', object, ARGV[i]) then
    answer[#answer + 1] = {ARGV[i], 'word'}
  end
end
return answer
