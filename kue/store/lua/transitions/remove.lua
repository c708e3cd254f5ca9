-- remove: a job and every trace of it but its token.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 id, 3 worker id, or '' for anybody
-- Returns  1; 0 where there is no job; -1 where the run does not hold it
-- Events  remove
-- Shared  index check erase

local P, id, worker = ARGV[1], ARGV[2], ARGV[3]

local zid = zid_of(id)
local held = redis.call('HMGET', key_job(id), 'type', 'state', 'workerId')
if not held[1] then return 0 end
if worker ~= '' and (held[2] ~= 'active' or held[3] ~= worker) then return -1 end
check_jobs()
if held[2] and held[2] ~= '' then
  check_state(held[2], held[1])
  leave(held[2], held[1], zid)
end
erase(id, held[1], cjson.encode(held[1]), zid)
return 1
