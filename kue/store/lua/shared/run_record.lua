-- run_record: the history of a job. `py_runs` holds a record of each run that ended without completing the job.
-- It is a JSON list. Its records are parted by `,` and a newline, and no record holds a newline, so that they are added
-- and dropped as text, and nothing is decoded. If the list is too long, the oldest records go. `py_process_time` is the
-- sum of the durations in ms, those of dropped records included.
-- A run that completes its job is not recorded, since the hash shows it. Only a restart of the job records it.
-- Needs: number, count_attempt, stamp.

local MAX_RUNS_BYTES = 4000
local MAX_CHARACTERS = 200 -- of an error, and of a worker id: a single record is then always short enough
local MAX_ATTEMPT = 1000000000 -- a field of the hash that says more is no number of attempts
local TTL_ERROR = 'TTL exceeded' -- of a run past its ttl: of one in Node, only the error tells the outcome
local COUNTED = {failed = true, ttl = true, cancelled = true, complete = true} -- outcomes that use up an attempt

local function first_characters(text)
  if #text <= MAX_CHARACTERS then return text end
  text = string.sub(text, 1, 4 * MAX_CHARACTERS)
  local rest = string.gsub(text, '[^\128-\191][\128-\191]*', '', MAX_CHARACTERS)
  return string.sub(text, 1, #text - #rest)
end

-- What only the record of this run holds, among those of its job.
local function mark_of_run(worker, started_at)
  return ',"worker":' .. cjson.encode(first_characters(worker)) .. ',"start":' .. started_at .. ','
end

local function last_record(runs)
  return string.match(runs, '^.*[\n](.*)$') or runs
end

-- Adds to `fields`, which an HSET will write, the history with one more run. `runs` and `spent` are the history before,
-- `attempt` is the number of the attempt. Nothing is added if the run has a record, or if no worker took the job.
local function append_run(fields, runs, spent, attempt, worker, started_at, ended, outcome, error)
  if worker == '' or not is_moment(started_at) then return end
  local which = mark_of_run(worker, started_at)
  local duration = ended - started_at
  if duration < 0 then duration = 0 end -- the clock was put back
  if not attempt or attempt < 1 or attempt > MAX_ATTEMPT then attempt = 1 end
  local number, before = attempt, '['
  if runs and string.sub(runs, 1, 8) == '[{"run":' and string.sub(runs, -2) == '}]' then
    local last = last_record(runs)
    if string.find(last, which, 1, true) then return end
    local run, counted, how = string.match(last, '^%[?{"run":(%d+),"attempt":(%d+),"outcome":"(%a+)"')
    if run then
      local expected = COUNTED[how] and counted + 1 or counted + 0
      number = run + 1
      if attempt > expected then number = number + attempt - expected end -- Node workers made those in between
    end
    before = string.sub(runs, 1, -2) .. ',\n'
  end
  error = error and cjson.encode(first_characters(string.match(error, '^[^\n]*'))) or 'null'
  runs = before .. '{"run":' .. number .. ',"attempt":' .. attempt .. ',"outcome":"' .. outcome .. '"' .. which
    .. '"duration":' .. duration .. ',"error":' .. error .. '}]'
  while #runs > MAX_RUNS_BYTES do
    runs = '[' .. string.sub(runs, string.find(runs, '\n', 1, true) + 1)
  end
  local n = #fields
  fields[n + 1], fields[n + 2] = 'py_runs', runs
  fields[n + 3], fields[n + 4] = 'py_process_time', (to_number(spent) or 0) + duration
end

-- The same for a script that has not read the fields: the run that holds the job ends now, and completes nothing.
local function append_run_of(job, fields, now, outcome, error)
  local held = redis.call('HMGET', job, 'py_runs', 'py_process_time', 'attempts', 'max_attempts', 'workerId',
    'started_at')
  append_run(fields, held[1], held[2], count_attempt(held[3], held[4]), held[5] or '', held[6], now, outcome, error)
end

-- The same for a job that has ended and is restarted: its last run may have no record. A job that was moved to
-- `complete` by hand may hold the duration of an earlier run: then it is not the last run that completed the job.
local function append_last_run(job, fields, state)
  local held = redis.call('HMGET', job, 'py_runs', 'py_process_time', 'attempts', 'workerId', 'started_at', 'duration',
    'failed_at', 'error', 'updated_at')
  local started, duration, failed = to_number(held[5]) or 0, to_number(held[6]), to_number(held[7]) or 0
  local ended, outcome, error = failed, held[8] == TTL_ERROR and 'ttl' or 'failed', held[8] or nil
  if state == 'complete' and failed <= started then
    if not duration or started + duration > math.max(to_number(held[9]) or 0, started) then return end
    ended, outcome, error = started + duration, 'complete', nil
  end
  append_run(fields, held[1], held[2], to_number(held[3]), held[4] or '', held[5], ended, outcome, error)
end
