-- cancelled: whether the run that holds a job was cancelled, and how the job of such a run ends: it fails for good.
-- The field py_cancel holds the worker id of the run, a line break and the error. So it never counts for a later run.
-- Needs: count_attempt, append_log, announce, stamp, finish, erase, run_record.

-- The error with which the job fails unless the run completes it; nil if the run was not cancelled.
local function cancelled_error(cancel, worker)
  if not cancel or worker == '' or string.sub(cancel, 1, #worker + 1) ~= worker .. '\n' then return nil end
  return string.sub(cancel, #worker + 2)
end

-- Writes the hash and the log of an active job whose run gives it back, or never learned of it.
local function write_cancelled(id, worker, now, error)
  local job = key_job(id)
  local held = redis.call('HMGET', job, 'attempts', 'max_attempts', 'started_at', 'py_runs', 'py_process_time')
  local made = count_attempt(held[1], held[2])
  local fields = {'error', error, 'failed_at', now, 'state', 'failed', 'updated_at', now}
  append_run(fields, held[4], held[5], made, worker, held[3], tonumber(now), 'cancelled', error)
  if made then
    fields[#fields + 1] = 'attempts'
    fields[#fields + 1] = made
  end
  append_log(id, error)
  redis.call('HSET', job, unpack(fields))
end

-- The job enters `failed`, with the events of a failure. The script has written the hash.
local function finish_cancelled(id, type, zid, priority, unique, error)
  local text, created_at = ',' .. cjson.encode(error), redis.call('HGET', key_job(id), 'created_at')
  announce(id, 'error', text)
  finish(id, 'failed', type, zid, priority, unique, text .. ',null', stamp(created_at))
end

-- The same for a job whose run is over. It is removed if it asks for that, so the script has checked the zset of all
-- jobs as well.
local function end_cancelled_run(id, type, zid, priority, unique, error)
  local held = redis.call('HMGET', key_job(id), 'created_at', 'py_remove_on_fail')
  if (held[2] or '') == '' then return finish_cancelled(id, type, zid, priority, unique, error) end
  local text, more = ',' .. cjson.encode(error), stamp(held[1])
  announce(id, 'error', text)
  finish_filed(id, 'failed', unique, text .. ',null', more)
  erase(id, type, cjson.encode(type), zid, unique, more)
end
