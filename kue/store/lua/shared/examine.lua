-- examine: finds everything that is wrong with one job, at one moment, for the doctor.
-- The hash says where the job belongs, and the zsets are compared with that.
-- Needs: number, index, readable, lease, protocol.

-- The score that a job must have in the zset of its state; nil if any score will do.
local function due_score(job)
  if job.state == 'delayed' then
    local at = to_number(job.promote_at)
    return at and math.floor(at)
  elseif job.state == 'active' then
    if (to_number(job.ttl) or 0) > 0 then return nil end
    return job.priority and 0 - math.abs(job.priority)
  end
  return job.priority
end

-- Identifies the present content of the hash: every step of Kue changes one of these fields or their number.
local function mark_of(id, held)
  local parts = {redis.call('HLEN', key_job(id))}
  for i = 2, 5 do parts[i] = held[i] or '' end
  return table.concat(parts, ' ')
end

-- Compares the zsets that the job is in with those where it belongs. Adds to `job.faults`, each {what, key, score, due
-- score}, and to `job.listed`, the states whose zsets it is in. Returns false if a zset is of the wrong kind.
local function compare_filing(job)
  local readable = true
  local function look(key, belongs, due)
    local score = read_or_nil('ZSCORE', key, job.zid)
    local fault
    if score == nil then
      readable = false
    elseif belongs and not score then
      fault = {'missing', key, '', due or ''}
    elseif score and not belongs then
      fault = {'surplus', key, score, ''}
    elseif score and due and tonumber(score) ~= due then
      fault = {'score', key, score, due}
    end
    if fault then job.faults[#job.faults + 1] = fault end
    return score
  end

  look(key_jobs(), true, job.priority)
  for _, state in ipairs(all_states()) do
    local here = state == job.state
    local among_all = look(key_state(state), here, here and due_score(job))
    local among_type = look(key_type_state(job.type, state), here, here and job.priority)
    if among_all or among_type then job.listed[#job.listed + 1] = state end
    if here then job.known, job.stuck = true, state == 'inactive' and not among_type end
  end
  return readable
end

-- Returns the job with `kinds`, the names of what is wrong with it; nil if there is no such key, or if a key of the
-- wrong kind allows no answer. `old` is the time before which an active job of a Node worker is too old, '' for never.
local function examine(id, old)
  local job = {id = id, zid = zid_of(id), kinds = {}, faults = {}, listed = {}}
  local function add(kind) job.kinds[#job.kinds + 1] = kind end
  local held = read_or_nil('HMGET', key_job(id), 'type', 'state', 'updated_at', 'started_at', 'workerId', 'priority',
    'promote_at', 'ttl')
  if not held then
    job.mark = 'not a hash'
    add('unreadable')
    return job
  end
  if not held[1] and redis.call('EXISTS', key_job(id)) == 0 then return nil end
  job.mark = mark_of(id, held)
  if not held[1] or held[1] == '' then
    add('unreadable')
    return job
  end
  job.type, job.state, job.worker = held[1], held[2] or '', held[5] or ''
  job.priority, job.promote_at, job.ttl = to_number(held[6]), held[7], held[8]

  local process = job.state == 'active' and python_process(job.worker)
  if process and is_newer(process) then -- a newer release may file its jobs by other rules
    add('newer')
    return job
  end

  local is_member = read_or_nil('SISMEMBER', key_types(), job.type)
  if not is_member or not compare_filing(job) then return nil end
  if is_member == 0 then add('unlisted') end
  if not job.known then
    add((job.state == '' and #job.listed == 0) and 'unfinished' or 'unsettled')
  elseif job.stuck then
    add('stuck')
  elseif #job.faults > 0 then
    add('misfiled')
  end
  if job.state == 'active' then
    if process then
      if not is_alive(process) then add('abandoned') end
    elseif job.worker == '' and (to_number(job.ttl) or 0) <= 0 then -- with a ttl the check of ttls ends it
      add('unheld')
    elseif old ~= '' and math.max(to_number(held[3]) or 0, to_number(held[4]) or 0) < tonumber(old) then
      add('old')
    end
  end
  return job
end

local function is_kind(job, kind)
  for _, one in ipairs(job and job.kinds or {}) do
    if one == kind then return true end
  end
  return false
end
