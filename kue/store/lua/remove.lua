-- remove: a job and every trace of it but its token.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 id
-- Returns  1, or 0 where there is no job
-- Events  remove
-- Shared  index announce erase check

local P, id = ARGV[1], ARGV[2]

local zid = zid_of(id)
local held = redis.call('HMGET', key_job(id), 'type', 'state')
if not held[1] then return 0 end
check_jobs()
if held[2] and held[2] ~= '' then
  check_state(held[2], held[1])
  leave(held[2], held[1], zid)
end
erase(id, held[1], cjson.encode(held[1]), zid)
return 1
