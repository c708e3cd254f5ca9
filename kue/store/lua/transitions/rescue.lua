-- rescue: active jobs of a dead process go back to their queue, and use up no attempt.
-- A job that cannot move, because a key of its type is of the wrong kind, stays as it is.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    process
--          3    now, in ms
--          4    how often a job may be put back, if neither its hash nor the record of the process says that
--          5    delay in ms before it is queued, if neither says that
--          6... id and worker id of each job (at most 100)
-- Returns  {1, how many were put back, ids of jobs to fail...}, or {-1} if the process is alive: those that were
--          put back too often already, and those whose run was cancelled
-- Events   enqueue for each job that is not delayed
-- Shared   number index readable append_log lease can_move unique enqueue ghost run_record cancelled

local now = tonumber(ARGV[3])

if is_alive(ARGV[2]) then return {-1} end
local ghost_retries, ghost_delay = ghost_options(ARGV[2], ARGV[4], ARGV[5])
local lost, answer = {}, {1, 0}
for i = 6, #ARGV, 2 do
  local held = read_or_nil('HMGET', key_job(ARGV[i]), 'state', 'workerId', 'type', 'priority', 'py_ghosts',
    'py_ghost_retries', 'py_ghost_delay', 'py_unique', 'py_cancel')
  if held and held[1] == 'active' and held[2] == ARGV[i + 1] and held[3] then
    local ghosts, most = to_number(held[5]) or 0, to_number(held[6]) or ghost_retries
    if ghosts < most and not cancelled_error(held[9], held[2]) then
      local delay = to_number(held[7]) or ghost_delay
      if can_move(held[3], 'active', delay > 0 and 'delayed' or 'inactive') then
        lost[#lost + 1] = {id = ARGV[i], type = held[3], priority = to_number(held[4]) or 0, ghosts = ghosts + 1,
          most = most, delay = delay, unique = held[8]}
      end
    else
      answer[#answer + 1] = ARGV[i]
    end
  end
end
for _, job in ipairs(lost) do
  local key, zid = key_job(job.id), zid_of(job.id)
  leave('active', job.type, zid)
  append_log(job.id, 'worker lost: put back (' .. job.ghosts .. ' of ' .. job.most .. ')')
  local fields = {'py_ghosts', job.ghosts, 'updated_at', ARGV[3]}
  append_run_of(key, fields, now, 'ghost', 'worker lost')
  redis.call('HSET', key, unpack(fields))
  retake_unique(job.id, job.unique)
  if job.delay > 0 then
    local promote_at = string.format('%.0f', now + job.delay)
    redis.call('HSET', key, 'state', 'delayed', 'promote_at', promote_at)
    enter('delayed', job.type, zid, promote_at, job.priority)
  else
    redis.call('HSET', key, 'state', 'inactive')
    enqueue(job.id, job.type, cjson.encode(job.type), zid, job.priority)
  end
end
answer[2] = #lost
return answer
