-- examine_words: finds what is in one direction only: the zset of a code lists a job that has no such code. Reads only.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    code
--          3... members of its zset
-- Returns  {id, 'job' or 'object'} for each: the job is gone, or the codes of the job lack this one
-- Events   none
-- Shared   readable

local answer = {}
for i = 3, #ARGV do
  local by_object = read_or_nil('ZSCORE', key_search_object(ARGV[i]), ARGV[2])
  if by_object == false and redis.call('ZSCORE', key_search_word(ARGV[2]), ARGV[i]) then
    answer[#answer + 1] = {ARGV[i], redis.call('EXISTS', key_job(ARGV[i])) == 0 and 'job' or 'object'}
  end
end
return answer
