-- fail: a run ends badly. The job is queued again or delayed while attempts remain, else it is failed, or removed if it
-- asks for that.
-- A run that ends at its ttl may make a ghost of its job instead, if the job asks for that. No attempt is used up then.
-- If the run was cancelled, the job fails for good, with the error of that.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    id
--          3    worker id of the run; '' for a job that was made active by hand, and that no worker ever had
--          4    type as JSON
--          5    now, in ms
--          6    error
--          7    line for the log
--          8    error as JSON
--          9    message as JSON
--          10   next state: 'inactive' (at once), 'delayed' (after 11), 'failed' (for good, even if attempts remain)
--          11   delay in ms; with '/' and the ms that the job waits, if jitter makes these fewer;
--               '' keeps promote_at as it is
--          12   why the run ends: 'ttl' (it reached its ttl and ended itself), 'asked' (a checker asked it to end),
--               'expired' (the checker ends it), 'lost' (its process died), or '' (an ordinary failure)
--          13   key of a lock that must be held, or ''
--          14   token of that lock; if 12 is 'lost', the process, which must be dead
--          15   if 12 is 'ttl', 'asked' or 'expired': how often the job may be a ghost, if nothing else says that
--          16   delay in ms of a ghost, if nothing else says that
--          17   process whose record says both first; '' if it is the caller
--          18... effects
-- Returns  {1, new state}, or {1, new state, which ghost the job is, of how many}, or
--          {1, 'failed', error} if the run was cancelled
--          {-1, state, worker id, attempts} if the run does not hold the job; then the error, if it was cancelled
--          {0, ms} if the deadline was moved: the time left until then
--          {-3} if the lock is not held, or the process is alive
-- Events   those among the effects; ttl exceeded; error unless it is a ghost; ttl exceeded ack; enqueue if the job is
--          queued again; failed attempt or failed unless it is a ghost; remove if the job is removed
-- Shared   number index append_log count_attempt announce stamp lease check options effects unique enqueue finish erase
--          ghost run_record cancelled

local id, worker, now = ARGV[2], ARGV[3], tonumber(ARGV[5])

if ARGV[12] == 'lost' then
  if is_alive(ARGV[14]) then return {-3} end
elseif ARGV[13] ~= '' and redis.call('GET', ARGV[13]) ~= ARGV[14] then
  return {-3}
end
local job, zid = key_job(id), zid_of(id)
local held = redis.call('HMGET', job, 'state', 'workerId', 'type', 'priority', 'attempts', 'max_attempts',
  'promote_at', 'created_at', 'started_at', 'py_runs', 'py_process_time', 'py_unique', 'py_cancel', 'py_remove_on_fail')
if held[1] ~= 'active' or (held[2] or '') ~= worker or not held[3] then
  return {-1, held[1] or '', held[2] or '', held[5] or '', cancelled_error(held[13], worker)}
end
local changed = ARGV[18] and changed_options(18, #ARGV) or {}
local type, priority = held[3], to_number(changed.priority or held[4]) or 0

local mode, cancelled = ARGV[12], cancelled_error(held[13], worker)
if mode == 'expired' then
  local left = (tonumber(redis.call('ZSCORE', key_state('active'), zid)) or 0) - now
  if left > 0 then return {0, left} end
end

local made, remaining = count_attempt(held[5], changed.max_attempts or held[6])
local at_ttl = mode ~= '' and mode ~= 'lost'
local ghost, ghosts, ghost_delay
if at_ttl and not cancelled then
  ghost, ghosts, ghost_delay = ghost_at_ttl(job, changed, ARGV[17], ARGV[15], ARGV[16])
end
local state = 'failed'
if ghost then
  state = ghost_delay > 0 and 'delayed' or 'inactive'
elseif remaining > 0 and not cancelled then
  state = ARGV[10]
end

local is_removed = state == 'failed' and (changed.py_remove_on_fail or held[14] or '') ~= ''

check_state('active', type)
if is_removed then check_jobs() else check_entry(state, type) end
local error, error_json, message_json = ARGV[6], ARGV[8], ARGV[9]
if cancelled then error, error_json, message_json = cancelled, cjson.encode(cancelled), cjson.encode(cancelled) end
local fields = {'error', error, 'failed_at', ARGV[5], 'state', state, 'updated_at', ARGV[5]}
if ghost then
  fields = {'py_ghosts', ghost, 'state', state, 'updated_at', ARGV[5]}
elseif made then
  fields[#fields + 1] = 'attempts'
  fields[#fields + 1] = made
end
local promote_at = to_number(changed.promote_at or held[7]) or ARGV[5]
if ghost and state == 'delayed' then
  promote_at = string.format('%.0f', now + ghost_delay)
  for _, value in ipairs({'promote_at', promote_at}) do fields[#fields + 1] = value end
elseif state == 'delayed' and ARGV[11] ~= '' then
  local delay, wait = string.match(ARGV[11], '^(%d+)/?(%d*)$')
  promote_at = string.format('%.0f', now + (wait ~= '' and wait or delay))
  for _, value in ipairs({'delay', delay, 'promote_at', promote_at}) do fields[#fields + 1] = value end
end
local outcome = cancelled and 'cancelled' or at_ttl and 'ttl' or 'failed'
if ghost then outcome, error = 'ghost', TTL_ERROR end
append_run(fields, held[10], held[11], made, worker, held[9], now, outcome, error)
write_effects(id, job, 18, #ARGV)
if not is_removed then
  append_log(id, ghost and TTL_ERROR .. ': put back (' .. ghost .. ' of ' .. ghosts .. ')' or cancelled or ARGV[7])
  redis.call('HSET', job, unpack(fields))
end
leave('active', type, zid) -- if Redis refuses all writes, it does so here at the latest, before anything is published
publish_effects(18, #ARGV)
if mode == 'ttl' then announce(id, 'ttl exceeded', '') end
if not ghost then announce(id, 'error', ',' .. error_json) end
if mode == 'ttl' or mode == 'asked' then announce(id, 'ttl exceeded ack', '') end
if is_removed then
  finish_filed(id, 'failed', held[12], ',' .. message_json .. ',null', stamp(held[8]))
  erase(id, type, ARGV[4], zid, held[12], stamp(held[8]))
elseif state == 'failed' then
  finish(id, 'failed', type, zid, priority, held[12], ',' .. message_json .. ',null', stamp(held[8]))
else
  retake_unique(id, held[12])
  if state == 'inactive' then
    enqueue(id, type, ARGV[4], zid, priority)
  else
    enter('delayed', type, zid, promote_at, priority)
  end
  if not ghost then announce(id, 'failed attempt', ',' .. message_json .. ',' .. made, stamp(held[8])) end
end
return {1, state, ghost or cancelled, ghosts}
