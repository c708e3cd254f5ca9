-- requeue_orphans: jobs that a process took without learning of it go back to their queue, and use up no attempt.
-- A job whose run was cancelled fails for good instead.
-- It reads one page of the active jobs of a type. A job that stays active until the last page is on one of them.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    type
--          3    type as JSON
--          4    stem of the worker ids of the process
--          5    cursor of the page; '0' for the first one
--          6    about how many jobs are on a page
--          7    now, in ms
--          8    line for the log, with the reason
--          9... for each take whose reply was lost, the numbers of the first and of the last run that it asked for
-- Returns  {cursor of the next page ('0' if there is none), how many jobs were put back or have failed}; then how many
--          of these have failed since they were cancelled, if any
-- Events   enqueue for each job; error, failed and perhaps remove if its run was cancelled
-- Shared   number index readable check put_back enqueue cancelled

local type, stem = ARGV[2], ARGV[4]

local function was_lost(worker)
  if string.sub(worker, 1, #stem) ~= stem then return false end
  local run = tonumber(string.match(worker, '^%d+$', #stem + 1))
  for i = 9, #ARGV, 2 do
    if run and run >= tonumber(ARGV[i]) and run <= tonumber(ARGV[i + 1]) then return true end
  end
  return false
end

local page = redis.call('ZSCAN', key_type_state(type, 'active'), ARGV[5], 'COUNT', ARGV[6])
local orphans, states = {}, {}
for i = 1, #page[2], 2 do
  local zid = page[2][i]
  local id = string.sub(zid, 4) -- whether it is one is checked only for the few jobs that follow
  local worker = read_or_nil('HGET', key_job(id), 'workerId')
  if worker and was_lost(worker) and id_of(zid) then
    local held = redis.call('HMGET', key_job(id), 'state', 'type', 'priority', 'py_requeues', 'py_unique',
      'py_cancel')
    if held[1] == 'active' and held[2] == type then
      orphans[#orphans + 1] = {id = id, zid = zid, priority = to_number(held[3]) or 0, requeues = held[4],
        unique = held[5], worker = worker, cancelled = cancelled_error(held[6], worker)}
      states[orphans[#orphans].cancelled and 'failed' or 'inactive'] = true
    end
  end
end
if #orphans == 0 then return {page[1], 0} end

check_state('active', type)
for state in pairs(states) do check_entry(state, type) end
if states.failed then check_jobs() end
local cancelled = 0
for _, job in ipairs(orphans) do
  if job.cancelled then
    cancelled = cancelled + 1
    write_cancelled(job.id, job.worker, ARGV[7], job.cancelled)
    leave('active', type, job.zid)
    end_cancelled_run(job.id, type, job.zid, job.priority, job.unique, job.cancelled)
  else
    put_back(job.id, ARGV[7], ARGV[8], job.requeues, job.unique)
    leave('active', type, job.zid)
    enqueue(job.id, type, ARGV[3], job.zid, job.priority)
  end
end
return {page[1], #orphans, cancelled > 0 and cancelled or nil}
