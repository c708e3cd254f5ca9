-- examine_schedules: finds schedules that are only half there: in the zset without a hash, or the reverse. Reads only.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2... names of schedules
-- Returns  {name, 'gone' or 'unlisted'} for each
-- Events   none
-- Shared   readable

local answer = {}
for i = 2, #ARGV do
  local score = read_or_nil('ZSCORE', key_schedules(), ARGV[i])
  local kind = redis.call('TYPE', key_schedule(ARGV[i])).ok
  if score and kind == 'none' then
    answer[#answer + 1] = {ARGV[i], 'gone'}
  elseif score == false and kind == 'hash' then
    answer[#answer + 1] = {ARGV[i], 'unlisted'}
  end
end
return answer
