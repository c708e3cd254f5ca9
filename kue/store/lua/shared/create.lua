-- create: saves new jobs, each inactive or delayed, with ids in order, and returns the first id.
-- `list` holds the jobs one after the other, from the place `at` to its end. Each job is: its type, the type as JSON,
-- the data, priority, max_attempts, created_at, promote_at ('' if the job is not delayed), how many arguments its
-- other fields and their values take, and those. A script that received its jobs as arguments passes ARGV.
-- Every key is checked before the first write. A script that writes more checks its own keys before the call, and
-- writes after it.
-- Needs: index, announce, check, enqueue.

-- Returns how many jobs there are, the jobs (where each begins, then its group), the groups (one for each state and
-- type), and the types.
local function group_new_jobs(list, at)
  local count, jobs, groups, types = 0, {}, {}, {}
  while list[at] do
    local type, state = list[at], list[at + 6] == '' and 'inactive' or 'delayed'
    local group = groups[state .. type]
    if not group then
      check_entry(state, type)
      if type == 'unique' then check_tokens(type) end -- even of a delayed job: they have the key of the unique keys
      group = {state = state, type = type, size = 0, by_state = {}, by_type = {}, tokens = {}}
      groups[state .. type] = group
      types[#types + 1] = type
    end
    count = count + 1
    jobs[2 * count - 1], jobs[2 * count] = at, group
    at = at + 8 + list[at + 7]
  end
  return count, jobs, groups, types
end

local function create(list, at)
  redis.call('SCARD', key_types())
  check_jobs()
  local count, jobs, groups, types = group_new_jobs(list, at)
  local last, ids, hashes = redis.call('INCRBY', key_ids(), count) - count, {}, {}
  -- If a key of another kind stands in the place of a hash, all jobs must be refused. For one job its HSET does that.
  if count > 1 then
    for i = 1, count do
      ids[i] = string.format('%.0f', last + i)
      hashes[i] = key_job(ids[i])
    end
    if redis.call('EXISTS', unpack(hashes)) > 0 then
      for _, hash in ipairs(hashes) do redis.call('HLEN', hash) end
    end
  end

  local by_priority = {}
  for i = 1, count do
    local at, group, id = jobs[2 * i - 1], jobs[2 * i], ids[i] or string.format('%.0f', last + i)
    local zid, priority, created, due = zid_of(id), list[at + 3], list[at + 5], list[at + 6]
    redis.call('HSET', hashes[i] or key_job(id), 'type', group.type, 'data', list[at + 2], 'state', group.state,
      'created_at', created, 'updated_at', created, 'promote_at', due == '' and created or due, 'priority', priority,
      'max_attempts', list[at + 4], unpack(list, at + 8, at + 7 + list[at + 7]))
    by_priority[2 * i - 1], by_priority[2 * i] = priority, zid
    local n = group.size + 1
    group.size = n
    group.by_type[2 * n - 1], group.by_type[2 * n] = priority, zid
    if due == '' then
      group.tokens[n] = 1
      -- Only here does `enqueue` say when its job was created. So an observer sees that Python created the job.
      announce(id, 'enqueue', ',' .. list[at + 1], ',"created_at":' .. created)
    else
      group.by_state[2 * n - 1], group.by_state[2 * n] = due, zid
    end
  end

  redis.call('SADD', key_types(), unpack(types))
  redis.call('ZADD', key_jobs(), unpack(by_priority))
  for _, group in pairs(groups) do
    if group.state == 'delayed' then
      enter_many('delayed', group.type, group.by_state, group.by_type)
    else
      enqueue_many(group.type, group.by_type, group.tokens)
    end
  end
  return last + 1
end
