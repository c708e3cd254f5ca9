-- remove_jobs: removes jobs that are in a state, each as remove does it, and the tokens of those that waited.
-- A job that is in another state by now stays as it is, and so does one whose type has a key of the wrong kind. So does
-- one that a Node worker has or is about to change, which would come back in part. A delayed job that is due is removed
-- only under the lock of promotion.
-- Beside any unique key the data of most jobs is read: see `unique_of`. The script ends early if that was long.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    state of the jobs
--          3    type that they must have; '' for any
--          4    now, in ms
--          5    key of the lock of promotion
--          6    its token, or '' if the caller does not hold it
--          7... ids
-- Returns  {how many jobs were removed, how many ids were looked at, ids of those that are due, if the lock is not
--          held...}
-- Events   remove for each
-- Shared   index readable rights stamp check unique erase node tokens

local MAX_BYTES = 1000000 -- of data that is read

local state, now = ARGV[2], ARGV[4]

check_rights()
check_jobs()
local has_lock = ARGV[6] ~= '' and redis.call('GET', ARGV[5]) == ARGV[6]

local function is_nodes(type, zid, held)
  return is_run_by_node(state, held[5]) or is_popped_by_node(type, state, zid)
    or is_retried_by_node(state, held[5], held[6], held[11], held[7], held[8], held[9], now)
    or is_completed_by_node(state, held[5], held[10], now)
end

local found, removable, due, looked_at, bytes = {}, {}, {}, 0, 0
for i = 7, #ARGV do
  if bytes >= MAX_BYTES then break end
  looked_at = looked_at + 1
  local held = read_or_nil('HMGET', key_job(ARGV[i]), 'type', 'state', 'created_at', 'py_unique', 'workerId', 'error',
    'attempts', 'max_attempts', 'failed_at', 'updated_at', 'py_cancel') or {}
  local type, zid = held[1] or '', zid_of(ARGV[i])
  if type ~= '' and (ARGV[3] == '' or type == ARGV[3]) and held[2] == state then
    if removable[type] == nil then removable[type] = passes(check_entry, state, type) end -- with its tokens
    if not removable[type] or is_nodes(type, zid, held) then
      -- it stays
    elseif state == 'delayed' and not has_lock and may_be_promoted(zid, now) then
      due[#due + 1] = ARGV[i]
    else
      local unique, length = unique_of(ARGV[i], held[4])
      found[#found + 1] = {id = ARGV[i], type = type, zid = zid, created_at = held[3], unique = unique}
      bytes = bytes + length
    end
  end
end
local waited = {}
for _, job in ipairs(found) do
  leave(state, job.type, job.zid)
  if state == 'inactive' then waited[job.type] = (waited[job.type] or 0) + 1 end
end
erase_many(found)
for _, job in ipairs(found) do announce_removal(job.id, cjson.encode(job.type), stamp(job.created_at)) end
drop_tokens(waited)
return {#found, looked_at, unpack(due)}
