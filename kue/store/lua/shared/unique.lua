-- unique: the key of a unique job, in the hash that kue-unique has too: unique key to job id.
-- The state of the job decides whether it holds its key. So a mapping that was left behind, by a Node worker or by an
-- older release, holds up no job.
-- Needs: number, index, readable, check.

local TYPE_WITH_THAT_KEY = 'unique' -- its list of tokens has the key of that hash
local MAX_WHOLE = 2 ^ 53 -- JavaScript has all whole numbers up to here, as a number and as the text of a key

-- A job holds its key while it waits or runs, or only while it waits. One that is said to be inactive and is in no
-- inactive zset of its type has been popped by a Node worker, and counts as running. A job that has ended or is gone
-- holds no key, and neither does one without a type, which no worker can run.
local function holds_unique(id)
  local held = read_or_nil('HMGET', key_job(id), 'state', 'py_unique_until', 'type') or {}
  local state, type = held[1], held[3] or ''
  if type == '' then return false end
  if held[2] ~= 'started' then return state == 'inactive' or state == 'delayed' or state == 'active' end
  if state ~= 'inactive' then return state == 'delayed' end
  return read_or_nil('ZSCORE', key_type_state(type, state), zid_of(id)) ~= false
end

-- For a job that ends or is removed. `unique` is the field py_unique of its hash. It stays another job's key if it is
-- one by now. If the hash of unique keys is no hash, the job ends all the same.
local function free_unique(id, unique)
  if unique and read_or_nil('HGET', key_unique(), unique) == id then redis.call('HDEL', key_unique(), unique) end
end

-- The key of a job that is about to be removed. `unique` is the field py_unique of its hash. Node's kue-unique has the
-- key in the data, as a text or a number. A key that stays would make each save of it fail in Node, which finds no such
-- job.
-- The second result is the length of the data if it was read.
local function unique_of(id, unique)
  if unique or redis.call('EXISTS', key_unique()) == 0 then return unique, 0 end
  local data = read_or_nil('HGET', key_job(id), 'data')
  if not data then return nil, 0 end
  if not string.find(data, '"unique"', 1, true) then return nil, #data end
  local is_json, read = pcall(cjson.decode, data)
  local key = is_json and type(read) == 'table' and read.unique
  if type(key) == 'number' and key % 1 == 0 and math.abs(key) <= MAX_WHOLE then key = string.format('%.0f', key) end
  return type(key) == 'string' and key or nil, #data
end

-- For a job that is to run again, or to wait again: it takes its key again, unless another job holds it. It lost the
-- key when it ended. If it holds the key only while it waits, another job may have had it during the run.
local function retake_unique(id, unique)
  if not unique then return end
  local holder = read_or_nil('HGET', key_unique(), unique)
  if holder == id or holder == nil then return end
  if read_or_nil('SISMEMBER', key_types(), TYPE_WITH_THAT_KEY) == 1 then return end -- the hash would refuse its tokens
  if not holder or not holds_unique(holder) then redis.call('HSET', key_unique(), unique, id) end
end

-- A job that waits gets the data of a new one of its type, and its delay if it is delayed. Data of another type stays
-- out of it, since its handler could not read that. A job that a Node worker has popped keeps its data: Node may have
-- read that already, and would run the old data while the hash has the new one.
-- A job of kue-unique has its key in the data. It gets the field as well, or its removal would not find the key.
-- Returns whether the job got the data.
-- `list` holds the new job from the place `at` on, as `create` reads it.
local function replace_waiting(id, unique, list, at)
  local job, zid, now = key_job(id), zid_of(id), list[at + 5]
  local held = redis.call('HMGET', job, 'type', 'state', 'priority', 'py_unique')
  local type, state = held[1], held[2]
  if type ~= list[at] then return false end
  local fields = {'data', list[at + 2], 'updated_at', now, 'py_unique', held[4] or unique}
  if state == 'inactive' and redis.call('ZSCORE', key_type_state(type, state), zid) then
    redis.call('HSET', job, unpack(fields))
    return true
  elseif state == 'delayed' then
    check_state(state, type)
    local due = list[at + 6] == '' and now or list[at + 6]
    redis.call('HSET', job, 'promote_at', due, unpack(fields))
    if due == now then
      redis.call('HDEL', job, 'delay')
    else
      redis.call('HSET', job, 'delay', string.format('%.0f', due - now))
    end
    enter(state, type, zid, due, to_number(held[3]) or 0)
    return true
  end
  return false
end
