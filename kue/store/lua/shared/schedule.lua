-- schedule: reads a schedule, and saves jobs for its times.
-- Its hash holds the fields of its job with `job:` before their names.
-- Needs: readable, create.

local JOB_FIELD = '^job:(.+)$'
local SAVED_BY_NAME = {type = true, data = true, priority = true, max_attempts = true}

-- The hash as a table; nil if there is none.
local function read_schedule(name)
  local flat = redis.call('HGETALL', key_schedule(name))
  if #flat == 0 then return nil end
  local held = {}
  for i = 1, #flat, 2 do held[flat[i]] = flat[i + 1] end
  return held
end

-- The time of the next job; nil if the schedule is in no zset.
local function due_of(name)
  local score = redis.call('ZSCORE', key_schedules(), name)
  return score and tonumber(score)
end

-- Whether a job of the schedule has not ended.
local function is_open(name, id)
  if not id then return false end
  local job = read_or_nil('HMGET', key_job(id), 'state', 'py_schedule')
  if not job or job[2] ~= name then return false end
  return job[1] == 'inactive' or job[1] == 'delayed' or job[1] == 'active'
end

-- Whether the last job that the schedule saved at one of its times has not ended, or the last one that was triggered.
-- A hash that was written before these were told apart has only `last_job_id`.
local function last_job_is_open(name, held)
  return is_open(name, held.last_fired_id or held.last_job_id) or is_open(name, held.last_triggered_id)
end

-- Whether no job may follow: it has had as many as it should, or `due` is after its end. No due time is an end, too.
local function is_over(held, due)
  if due == '' then return true end
  local ends, most = tonumber(held['until']), tonumber(held.times)
  return (ends and tonumber(due) > ends) or (most and (tonumber(held.fired) or 0) >= most) or false
end

-- Saves a job for each of the times, and returns the id of the last. A delay of the job counts from the time.
local function save_scheduled(name, held, times, now)
  local kind, delay = held['job:type'], tonumber(held['job:delay']) or 0
  local others = {}
  for field, value in pairs(held) do
    local own = string.match(field, JOB_FIELD)
    if own and not SAVED_BY_NAME[own] then
      others[#others + 1] = own
      others[#others + 1] = value
    end
  end
  local jobs = {}
  local function add(value) jobs[#jobs + 1] = value end
  for _, time in ipairs(times) do
    local due = tonumber(time) + delay
    add(kind)
    add(cjson.encode(kind))
    add(held['job:data'])
    add(held['job:priority'])
    add(held['job:max_attempts'])
    add(now)
    add(delay > 0 and due > tonumber(now) and string.format('%.0f', due) or '')
    add(#others + 4)
    for _, value in ipairs(others) do add(value) end
    add('py_schedule')
    add(name)
    add('py_tick')
    add(time)
  end
  return string.format('%.0f', create(jobs, 1) + #times - 1)
end

-- What a caller gets to see of a schedule: when it is due next, and its hash.
local function show_schedule(name)
  return {redis.call('ZSCORE', key_schedules(), name), redis.call('HGETALL', key_schedule(name))}
end
