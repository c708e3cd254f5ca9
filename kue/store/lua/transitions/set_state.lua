-- set_state: a job goes to a state because somebody says so, from whatever state it is in.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 id, 3 worker id, or '' for anybody, 4 state, 5 now, 6... fields and values that go with it
-- Returns  the state it was in; false where there is no job; -1 where the run does not hold it
-- Events  enqueue where the new state is inactive
-- Shared  number index deadline check enqueue finish

local P, id, worker, state, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])

local job, zid = key_job(id), zid_of(id)
local held = redis.call('HMGET', job, 'type', 'state', 'priority', 'ttl', 'promote_at', 'workerId')
local type, old, priority = held[1], held[2], to_number(held[3]) or 0
if not type then return false end
if worker ~= '' and (old ~= 'active' or held[6] ~= worker) then return -1 end

check_entry(state, type)
if old and old ~= '' and old ~= state then
  check_state(old, type)
  leave(old, type, zid)
end
redis.call('HSET', job, 'state', state, 'updated_at', ARGV[5], unpack(ARGV, 6))
-- What an ended job sent as its result answers no promise of what comes now; a mere retry keeps what was sent before it.
if is_end(old) and not is_end(state) then redis.call('HDEL', job, 'py_sent') end
if state == 'inactive' then
  enqueue(id, type, cjson.encode(type), zid, priority)
elseif state == 'active' then
  enter(state, type, zid, active_score(now, held[4], priority, old == 'active' and held[6] or nil), priority)
elseif state == 'delayed' then
  enter(state, type, zid, to_number(held[5]) or now, priority)
else
  finish(id, state, type, zid, priority) -- Kue publishes no event here
end
return old or ''
