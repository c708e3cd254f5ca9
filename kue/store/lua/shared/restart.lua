-- restart: writes the hash of a job that is moved on by hand, and gives it its unique key again. `old` is its state
-- before, `fields` what is written besides, and `unique` the field py_unique. The script then moves the job.
-- If the job had ended, its last run is recorded: only the hash shows it, until the next run begins.
-- Needs: finish, run_record, unique.

local function restart(id, fields, old, unique)
  local job = key_job(id)
  if is_end(old) then append_last_run(job, fields, old) end
  redis.call('HSET', job, unpack(fields))
  -- What an earlier run sent as its result, or what was wrong with it, must not settle a promise of the next run. The
  -- job may be put back as often as a new one. A job that is only retried has not ended, and keeps all that.
  if is_end(old) then redis.call('HDEL', job, 'py_sent', 'py_invalid_result', 'py_requeues', 'py_ghosts') end
  retake_unique(id, unique)
end
