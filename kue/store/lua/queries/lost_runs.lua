-- lost_runs: one page of the active jobs that a Python process without a valid lease holds. Reads only.
-- A job that stays active until the last page is on one of them. Members whose job is not active, or has no type, are
-- passed over: no run can be put back there, and the lease of a dead process must end all the same.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    cursor of the page; '0' for the first one
--          3    about how many active jobs it looks at
-- Returns  {cursor of the next page ('0' if there is none), {process, id, worker id, ...}}
-- Events   none
-- Shared   index readable lease protocol

local alive, dead, found = {}, {}, {}
for _, process in ipairs(redis.call('ZRANGEBYSCORE', key_leases(), '(' .. redis_now(), '+inf')) do
  alive[process] = true
end

-- The process of a run if it is dead, else false. It is worked out once for all runs of a process and type.
local function dead_process(worker)
  local name = string.match(worker, '^(.*):%d+$') or ''
  if dead[name] == nil then
    local process = python_process(worker)
    dead[name] = process and not alive[process] and process or false
  end
  return dead[name]
end

local page = redis.call('ZSCAN', key_state('active'), ARGV[2], 'COUNT', ARGV[3])
for i = 1, #page[2], 2 do
  local zid = page[2][i]
  local worker = read_or_nil('HGET', key_job(string.sub(zid, 4)), 'workerId')
  local process = worker and dead_process(worker)
  local id = process and id_of(zid)
  if id then
    local held = redis.call('HMGET', key_job(id), 'type', 'state')
    if held[1] and held[2] == 'active' then
      local n = #found
      found[n + 1], found[n + 2], found[n + 3] = process, id, worker
    end
  end
end
return {page[1], found}
