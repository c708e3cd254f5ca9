-- put_back: writes to the hash and the log of an active job that its run gave it back, or never learned of it.
-- No attempt is used up. The field py_requeues counts, and `requeues` is its content before. `unique` is the field
-- py_unique. The script then moves the job to inactive.
-- Needs: number, append_log, run_record, unique.

local function put_back(id, now, line, requeues, unique)
  local fields = {'state', 'inactive', 'updated_at', now, 'py_requeues',
    string.format('%.0f', (to_number(requeues) or 0) + 1)}
  append_run_of(key_job(id), fields, now, 'shutdown', line)
  append_log(id, line)
  redis.call('HSET', key_job(id), unpack(fields))
  retake_unique(id, unique)
end
