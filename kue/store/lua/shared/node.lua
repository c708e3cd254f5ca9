-- node: whether a Node worker has a job, or is about to change it, by what its hash and the zsets show.
-- Node changes a job in several steps. Its next step writes over what was changed meanwhile, and makes a hash without a
-- type of a job that was removed. So such a job is left alone.
-- Needs: number, protocol.

local NODE_WRITES_MS = {complete = 1000, failed = 5000} -- after the end of a job

local function is_node_worker(worker)
  return (worker or '') ~= '' and not python_process(worker)
end

-- A promoter may have read the delayed job, since its time has come. It queues the job in its round, whatever its state
-- is by then. The lock of promotion keeps promoters away.
local function may_be_promoted(zid, now)
  local MARGIN_MS = 1000 -- the clock of a promoter may be so much ahead
  local due = tonumber(redis.call('ZSCORE', key_state('delayed'), zid))
  return not due or due <= now + MARGIN_MS
end

local function is_run_by_node(state, worker)
  return state == 'active' and is_node_worker(worker)
end

-- A worker has popped the job, and marks it as active next.
local function is_popped_by_node(type, state, zid)
  return state == 'inactive' and not redis.call('ZSCORE', key_type_state(type, state), zid)
end

-- What the field py_cancel holds of a job that has failed since it was cancelled, after a worker had it.
local function cancelled_after(worker, error)
  return worker .. '\n' .. error
end

-- A worker marks a job as failed, and queues it again afterwards if attempts are left. `cancel` is the field py_cancel.
local function is_retried_by_node(state, worker, error, cancel, attempts, max_attempts, failed_at, now)
  if state ~= 'failed' or not is_node_worker(worker) then return false end
  if cancel == cancelled_after(worker, error or '') then return false end
  return (to_number(attempts) or 0) < (to_number(max_attempts) or 0)
    and (to_number(failed_at) or 0) > now - NODE_WRITES_MS.failed
end

-- A worker marks a job as complete, and counts the attempt afterwards, or removes the job.
local function is_completed_by_node(state, worker, updated_at, now)
  return state == 'complete' and is_node_worker(worker)
    and (to_number(updated_at) or 0) > now - NODE_WRITES_MS.complete
end
