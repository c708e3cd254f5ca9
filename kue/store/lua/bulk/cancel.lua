-- cancel: jobs that wait fail for good at once, and their tokens go. If a Python process runs a job, the field
-- py_cancel names the run, and the process finds that in its mail. A job stays as it is if a Node worker has it, or is
-- about to, or an old process. A delayed job that is due is cancelled only under the lock of promotion.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    fence; '' for several jobs
--          3    type that the jobs must have; '' for any
--          4    now, in ms
--          5    error, one line
--          6    how long mail is kept, in ms
--          7    key of the lock of promotion
--          8    its token, or '' if the caller does not hold it
--          9    '1' if a key of the wrong kind is an error; if '', the jobs that need it stay as they are
--          10... ids
-- Returns  a word for each id: cancelled:<type> (the job has failed now), told (its process has mail), told before
--          (an earlier call did that), complete or failed (it had ended before), node (its worker cannot be told), due
--          (the lock is not held), gone (there is no such job of that type), lost (the run does not hold it), other
--          (the number is another job's), blocked (a key is of the wrong kind)
-- Events   error and failed for each job that was cancelled
-- Shared   number index readable rights protocol fence check append_log finish run_record cancelled node tokens

local WAITING = {inactive = true, delayed = true, active = true}

local run, now, error = run_of(ARGV[2]), ARGV[4], ARGV[5]

check_rights()
local has_lock = ARGV[8] ~= '' and redis.call('GET', ARGV[7]) == ARGV[8]
local told, ended = {}, {}

-- Whether a process learns of its mail. One before release 0.2 does not: its nonce names no protocol.
local function reads_mail(process)
  return #string.match(process, '%x+$') > NONCE_DIGITS
end

local function decide(id, held)
  local type, state, worker, zid = held[1] or '', held[2] or '', held[3] or '', zid_of(id)
  if type == '' or (ARGV[3] ~= '' and type ~= ARGV[3]) then return 'gone' end
  if run ~= '' and (state ~= 'active' or worker ~= run) then return 'lost' end
  if is_other_job(id, ARGV[2]) then return 'other' end
  if is_end(state) then
    return is_retried_by_node(state, worker, held[9], held[6], held[10], held[11], held[7], now) and 'node' or state
  end
  if is_run_by_node(state, worker) or is_popped_by_node(type, state, zid) then return 'node' end
  if state == 'active' and worker ~= '' then
    local process = python_process(worker)
    if not reads_mail(process) then return 'node' end
    if cancelled_error(held[6], worker) then return 'told before' end
    redis.call('LLEN', key_mail(process))
    told[#told + 1] = {id = id, mail = key_mail(process), cancel = worker .. '\n' .. error}
    return 'told'
  end
  if not WAITING[state] then return 'node' end -- its save is not over
  if state == 'delayed' and not has_lock and may_be_promoted(zid, now) then return 'due' end
  check_entry(state, type) -- a token goes with an inactive job
  check_state('failed', type)
  ended[#ended + 1] = {id = id, type = type, state = state, zid = zid, priority = to_number(held[4]) or 0,
    unique = held[5], has_failed = (to_number(held[7]) or 0) >= (to_number(held[8]) or 1),
    cancel = is_node_worker(worker) and cancelled_after(worker, error)}
  return 'cancelled:' .. type
end

local words = {}
local is_alone = ARGV[9] == '1'
for i = 10, #ARGV do
  local held = read_or_nil('HMGET', key_job(ARGV[i]), 'type', 'state', 'workerId', 'priority', 'py_unique', 'py_cancel',
    'failed_at', 'started_at', 'error', 'attempts', 'max_attempts')
  local is_free, word = true, 'gone'
  if is_alone then
    if not held then redis.call('HLEN', key_job(ARGV[i])) end -- raises, since the key is no hash
    word = decide(ARGV[i], held)
  elseif held then
    is_free, word = passes(decide, ARGV[i], held)
  end
  words[#words + 1] = is_free and word or 'blocked'
end

for _, job in ipairs(told) do
  redis.call('HSET', key_job(job.id), 'py_cancel', job.cancel)
  redis.call('RPUSH', job.mail, 'cancel ' .. job.cancel)
  redis.call('PEXPIRE', job.mail, ARGV[6])
end
local waited = {}
for _, job in ipairs(ended) do
  local fields = {'error', error, 'failed_at', now, 'state', 'failed', 'updated_at', now}
  if job.cancel then -- shows that its last worker does not queue it again
    fields[#fields + 1] = 'py_cancel'
    fields[#fields + 1] = job.cancel
  end
  if job.has_failed then append_last_run(key_job(job.id), fields, 'failed') end -- of a Node worker
  redis.call('HSET', key_job(job.id), unpack(fields))
  append_log(job.id, error)
  leave(job.state, job.type, job.zid)
  if job.state == 'inactive' then waited[job.type] = (waited[job.type] or 0) + 1 end
  finish_cancelled(job.id, job.type, job.zid, job.priority, job.unique, error)
end
drop_tokens(waited)
return words
