-- lost_runs: one page of the active jobs that a Python process without a valid lease holds. Reads only.
-- A job that stays active until the last page is on one of them.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    cursor of the page; '0' for the first one
--          3    about how many active jobs it looks at
-- Returns  {cursor of the next page ('0' if there is none), {process, id, worker id, ...}}
-- Events   none
-- Shared   index lease protocol

local page = redis.call('ZSCAN', key_state('active'), ARGV[2], 'COUNT', ARGV[3])
local found, alive = {}, {}
for i = 1, #page[2], 2 do
  local id = id_of(page[2][i])
  local worker = id and redis.pcall('HGET', key_job(id), 'workerId')
  local process = type(worker) == 'string' and python_process(worker)
  if process then
    if alive[process] == nil then alive[process] = is_alive(process) or false end
    if not alive[process] then
      local n = #found
      found[n + 1], found[n + 2], found[n + 3] = process, id, worker
    end
  end
end
return {page[1], found}
