-- ended: whether a job had ended by a moment. Node's jobs have no field for that, so it follows from fields that both
-- write. A job failed at `failed_at`, and completed when the run ended that completed it. If there was no such run,
-- since the job was moved by hand, the last change of its hash counts. Python has these rules in `run_history`.
-- Needs: number, stamp, run_record.

local function to_moment(text)
  return is_moment(text) and tonumber(text) or nil
end

-- When the last run of a complete job completed it; nil if the hash does not show that.
local function completed_at(updated, failed_at, started_at, duration, worker, runs)
  local started = to_moment(started_at)
  duration = to_number(duration)
  if not (started and duration and worker and worker ~= '') or (to_moment(failed_at) or 0) > started then return nil end
  local ended = started + duration
  if ended > math.max(updated or 0, started) then return nil end -- the duration is that of an earlier run
  if runs and string.find(last_record(runs), mark_of_run(worker, started_at), 1, true) then return nil end
  return ended
end

-- `updated` is when the hash changed last. That is never before the end, and settles it for nearly all jobs.
local function had_ended(id, state, updated, moment)
  if updated and updated <= moment then return true end
  local held = redis.call('HMGET', key_job(id), 'failed_at', 'started_at', 'duration', 'workerId', 'py_runs')
  local ended
  if state == 'failed' then
    ended = to_moment(held[1])
  else
    ended = completed_at(updated, unpack(held))
  end
  return ended and ended <= moment
end
