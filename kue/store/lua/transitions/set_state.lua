-- set_state: moves a job to a state by hand, from whatever state it is in, and writes options that change with it.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    id
--          3    fence
--          4    new state
--          5    now, in ms
--          6... effects: options that change with it, and fields
-- Returns  the state that the job was in; false if there is no such job; -1 if the run does not hold it; -2 if
--          the number is another job's
-- Events   enqueue if the new state is inactive
-- Shared   number index deadline fence check options effects enqueue finish restart

local id, worker, state, now = ARGV[2], run_of(ARGV[3]), ARGV[4], tonumber(ARGV[5])

local job, zid = key_job(id), zid_of(id)
local held = redis.call('HMGET', job, 'type', 'state', 'priority', 'ttl', 'promote_at', 'workerId', 'py_unique')
local type, old = held[1], held[2]
if not type then return false end
if worker ~= '' and (old ~= 'active' or held[6] ~= worker) then return -1 end
if is_other_job(id, ARGV[3]) then return -2 end
local changed = changed_options(6, #ARGV) or {}
local priority = to_number(changed.priority or held[3]) or 0

check_entry(state, type)
if old and old ~= '' and old ~= state then
  check_state(old, type)
  leave(old, type, zid)
end
write_effects(id, job, 6, #ARGV)
local fields = {'state', state, 'updated_at', ARGV[5]}
if is_end(state) then
  redis.call('HSET', job, unpack(fields))
else
  restart(id, fields, old, held[7])
end
if state == 'inactive' then
  enqueue(id, type, cjson.encode(type), zid, priority)
elseif state == 'active' then
  local holder = old == 'active' and held[6] or nil
  enter(state, type, zid, active_score(now, changed.ttl or held[4], priority, holder), priority)
elseif state == 'delayed' then
  enter(state, type, zid, to_number(changed.promote_at or held[5]) or now, priority)
else
  finish(id, state, type, zid, priority, held[7]) -- no event, as in Kue
end
return old or ''
