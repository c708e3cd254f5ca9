-- examine_jobs: finds what is wrong with some jobs. Reads only.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    time in ms before which an active job of a Node worker is too old, or ''
--          3... ids (at most 100)
-- Returns  for each job with a fault {id, mark, type, state, worker id, {kinds}, {{what, key, score, due score},
--          ...}, {states}}
-- Events   none
-- Shared   examine

local answer = {}
for i = 3, #ARGV do
  local job = examine(ARGV[i], ARGV[2])
  if job and #job.kinds > 0 then
    for _, fault in ipairs(job.faults) do
      if type(fault[4]) == 'number' then fault[4] = string.format('%.17g', fault[4]) end
    end
    answer[#answer + 1] =
      {job.id, job.mark, job.type or '', job.state or '', job.worker or '', job.kinds, job.faults, job.listed}
  end
end
return answer
