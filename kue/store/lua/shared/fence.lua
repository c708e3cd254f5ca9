-- fence: what must hold for a caller to change a job. It is the worker id of the run that must hold the job. Outside
-- of a run it is the created_at of the job that is meant, since another job may have its number by now; '' if the
-- caller does not know it.
-- Needs: stamp.

-- The worker id in a fence; '' if it names no run.
local function run_of(fence)
  return string.find(fence, '^%d') and '' or fence
end

local function is_other_job(id, fence)
  if not is_moment(fence) then return false end
  local created_at = redis.call('HGET', key_job(id), 'created_at')
  return created_at ~= fence and is_moment(created_at)
end
