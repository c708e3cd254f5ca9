-- retry_jobs: jobs that have failed, are complete or are delayed are queued again, each as set_state does it.
-- A job that is in another state by now stays as it is, and so does one whose type has a key of the wrong kind. So does
-- one that a Node worker is about to queue itself, since two workers could run it then, or has just completed.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    state of the jobs
--          3    type that they must have; '' for any
--          4    now, in ms
--          5    key of a lock that must be held, or ''
--          6    token of that lock
--          7... ids
-- Returns  how many jobs were queued, or -1 if the lock is not held
-- Events   enqueue for each
-- Shared   number index readable rights can_move enqueue restart node

local old = ARGV[2]

check_rights()
if ARGV[5] ~= '' and redis.call('GET', ARGV[5]) ~= ARGV[6] then return -1 end
local found, movable = {}, {}
for i = 7, #ARGV do
  local held = read_or_nil('HMGET', key_job(ARGV[i]), 'type', 'state', 'priority', 'py_unique', 'workerId', 'error',
    'attempts', 'max_attempts', 'failed_at', 'updated_at', 'py_cancel') or {}
  local type = held[1] or ''
  local function is_nodes()
    return is_retried_by_node(old, held[5], held[6], held[11], held[7], held[8], held[9], ARGV[4])
      or is_completed_by_node(old, held[5], held[10], ARGV[4])
  end
  if type ~= '' and (ARGV[3] == '' or type == ARGV[3]) and held[2] == old and not is_nodes() then
    if movable[type] == nil then movable[type] = can_move(type, old, 'inactive') end
    if movable[type] then
      found[#found + 1] = {id = ARGV[i], type = type, priority = to_number(held[3]) or 0, unique = held[4]}
    end
  end
end
for _, job in ipairs(found) do
  local zid = zid_of(job.id)
  restart(job.id, {'state', 'inactive', 'updated_at', ARGV[4]}, old, job.unique)
  leave(old, job.type, zid)
  enqueue(job.id, job.type, cjson.encode(job.type), zid, job.priority)
end
return #found
