-- remove: removes a job with everything that belongs to it, except its token.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    id
--          3    fence
-- Returns  1; 0 if there is no such job; -1 if the run does not hold it; -2 if the number is another job's
-- Events   remove
-- Shared   index stamp fence check erase

local id, worker = ARGV[2], run_of(ARGV[3])

local zid = zid_of(id)
local held = redis.call('HMGET', key_job(id), 'type', 'state', 'workerId', 'created_at', 'py_unique')
if not held[1] then return 0 end
if worker ~= '' and (held[2] ~= 'active' or held[3] ~= worker) then return -1 end
if is_other_job(id, ARGV[3]) then return -2 end
check_jobs()
if held[2] and held[2] ~= '' then
  check_state(held[2], held[1])
  leave(held[2], held[1], zid)
end
erase(id, held[1], cjson.encode(held[1]), zid, held[5], stamp(held[4]))
return 1
