-- ghost: how often a job may go back because its run was lost, and after which delay. Such a run is a ghost.
-- The job's own options come first, then those in the record of the process that held it, then those of the caller.
-- Needs: number, readable.

-- The retries and the delay that apply to jobs without options of their own. `process` is '' if it is the caller.
local function ghost_options(process, retries, delay)
  local owner = process ~= '' and read_or_nil('HMGET', key_worker(process), 'ghost_retries', 'ghost_delay') or {}
  return to_number(owner[1]) or tonumber(retries), to_number(owner[2]) or tonumber(delay)
end

-- Whether the job becomes a ghost if its run ends at its ttl. Returns which one it is, of how many, and the delay in
-- ms; nil if it does not. `changed` is the options that change with the outcome.
local function ghost_at_ttl(job, changed, process, retries, delay)
  local held = redis.call('HMGET', job, 'py_ghosts', 'py_ghost_on_ttl', 'py_ghost_retries', 'py_ghost_delay')
  if (changed.py_ghost_on_ttl or held[2] or '') == '' then return nil end
  retries, delay = ghost_options(process, retries, delay)
  local ghosts, most = to_number(held[1]) or 0, to_number(changed.py_ghost_retries or held[3]) or retries
  if ghosts >= most then return nil end
  return ghosts + 1, most, to_number(changed.py_ghost_delay or held[4]) or delay
end
