-- create_unique: saves a new job, unless another one stands for its unique key.
-- `list` holds from the place `at` on: the unique key; for how many ms at most one job may be saved for it ('' if any
-- number may); '1' if a job that waits gets the new data, else ''; and one job, as `create` reads it.
-- Returns the id of the new job; or, as text, the id of the job that stands already, true, and whether that got the new
-- data; or nil if a type has the key of all unique keys as its list of tokens, so that there can be no unique jobs.
-- Needs: unique, create.

-- The job that stands: the one that holds the key, or the last one saved while there may be only one in a time.
local function standing_job(key)
  local holder = redis.call('HGET', key_unique(), key)
  if holder and holds_unique(holder) then return holder end
  local last = redis.call('GET', key_within(key))
  return last and string.find(last, '^[1-9]%d*$') and last
end

local function create_unique(list, at)
  local key, within, job = list[at], list[at + 1], at + 3
  local is_type = redis.call('SISMEMBER', key_types(), TYPE_WITH_THAT_KEY) == 1
  if is_type or list[job] == TYPE_WITH_THAT_KEY then return nil end
  local id = standing_job(key)
  if id then
    return id, true, list[at + 2] ~= '' and replace_waiting(id, key, list, job)
  end

  id = create(list, job)
  local text = string.format('%.0f', id)
  redis.call('HSET', key_unique(), key, text)
  if within ~= '' then redis.call('SET', key_within(key), text, 'PX', within) end
  return id, false
end
