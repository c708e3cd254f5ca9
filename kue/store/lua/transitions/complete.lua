-- complete: runs end well: each job becomes complete, or is removed if it asks for that.
-- If Redis refuses one run, it refuses all: the caller then sends each alone.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    now, in ms
--          3... for each run: id, worker id, duration in ms, result as JSON ('' for none), further keys of the
--               message as `announce` takes them, how many arguments its effects take, and those
-- Returns  for each run {1}, or {-1, state, worker id, attempts} if it does not hold the job
-- Events   those among the effects; complete; remove if the job is removed
-- Shared   number index count_attempt check options effects finish erase

local MAX_RESULT_BYTES = 4000000 -- a longer one is left out of the event, and listeners read it from the hash
local STAMP = '^,"created_at":%d+' -- the further key that `remove` has as well

local now = ARGV[2]

local replies, ended, places, removal = {}, {}, {}, false
local at = 3
while ARGV[at] do
  local id = ARGV[at]
  local job = key_job(id)
  local held = redis.call('HMGET', job, 'state', 'workerId', 'type', 'priority', 'attempts', 'max_attempts',
    'removeOnComplete', 'py_unique')
  if held[1] == 'active' and held[2] == ARGV[at + 1] and held[3] then
    local changed = ARGV[at + 5] ~= '0' and changed_options(at + 6, at + 5 + ARGV[at + 5])
    if changed then
      held[4], held[6] = changed.priority or held[4], changed.max_attempts or held[6]
      held[7] = changed.removeOnComplete or held[7]
    end
    local type, is_removed = held[3], held[7] and held[7] ~= ''
    local place = places[type]
    if not place then
      check_state('active', type)
      place = {left = {}, by_state = {}}
      places[type] = place
    end
    if is_removed then
      removal = true
    elseif not place.is_checked then
      check_state('complete', type)
      place.is_checked = true
    end
    ended[#ended + 1] = {at = at, id = id, job = job, zid = zid_of(id), type = type, place = place, held = held,
      is_removed = is_removed}
    replies[#replies + 1] = {1}
  else
    replies[#replies + 1] = {-1, held[1] or '', held[2] or '', held[5] or ''}
  end
  at = at + 6 + ARGV[at + 5]
end
if removal then check_jobs() end

local work_time = 0
for _, run in ipairs(ended) do
  local id, zid, place, duration, result = run.id, run.zid, run.place, ARGV[run.at + 2], ARGV[run.at + 3]
  local more, first, last = ARGV[run.at + 4], run.at + 6, run.at + 5 + ARGV[run.at + 5]
  write_effects(id, run.job, first, last)
  if not run.is_removed then
    local fields = {'duration', duration, 'progress', '100', 'state', 'complete', 'updated_at', now}
    local made = count_attempt(run.held[5], run.held[6])
    if made then
      fields[9] = 'attempts'
      fields[10] = made
    end
    if result ~= '' then
      fields[#fields + 1] = 'result'
      fields[#fields + 1] = result
    end
    redis.call('HSET', run.job, unpack(fields)) -- without free memory Redis refuses this, before anything is published
    local entries = #place.by_state
    place.by_state[entries + 1] = to_number(run.held[4]) or 0
    place.by_state[entries + 2] = zid
  end
  if run.is_removed then
    leave('active', run.type, zid) -- if Redis refuses all writes, it does so here, before anything is published
  else
    place.left[#place.left + 1] = zid
  end
  publish_effects(first, last)
  if result == '' then result = 'null' end
  if #result > MAX_RESULT_BYTES and not run.is_removed then -- the hash of a job that is removed holds nothing
    result, more = 'null', more .. ',"cut":true'
  end
  finish_filed(id, 'complete', run.held[8], ',' .. result .. ',null', more)
  if run.is_removed then erase(id, run.type, cjson.encode(run.type), zid, run.held[8], string.match(more, STAMP)) end
  work_time = work_time + duration
end

for type, place in pairs(places) do
  if place.by_state[1] then
    redis.call('ZREM', key_state('active'), unpack(place.left))
    redis.call('ZREM', key_type_state(type, 'active'), unpack(place.left))
    enter_many('complete', type, place.by_state, place.by_state)
  end
end
-- If the key holds no number, the runs still end.
if #ended > 0 then redis.pcall('INCRBY', key_work_time(), string.format('%.0f', work_time)) end
return replies
