-- unindex: one step that takes away the words of jobs that are gone.
-- If a job has the number by now, its words stay: they may be those of its own data.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    id; '' for those whose removal left that to do
-- Returns  {1 if there is more to do, else 0; how many words were taken away}
-- Events   none
-- Shared   words

local MAX_JOBS = 100

local function answer(more) return {more, MAX_WORDS - words_left} end

redis.call('SCARD', key_unindex()) -- another kind raises here, before the first write
if ARGV[2] ~= '' and redis.call('EXISTS', key_job(ARGV[2])) == 1 then return answer(0) end
local left = MAX_JOBS
local id = ARGV[2] ~= '' and ARGV[2] or redis.call('SRANDMEMBER', key_unindex())
while id do
  left = left - 1
  if redis.call('EXISTS', key_job(id)) == 0 and not take_words_away(id) then return answer(1) end
  redis.call('SREM', key_unindex(), id)
  if ARGV[2] ~= '' then return answer(0) end
  id = redis.call('SRANDMEMBER', key_unindex())
  if left == 0 or words_left == 0 then return answer(id and 1 or 0) end
end
return answer(0)
