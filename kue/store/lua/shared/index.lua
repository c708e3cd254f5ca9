-- index: a job enters or leaves the zset of its state, and that of its type and state. Its zid is the member.
-- The score in the first depends on the state. The score in the second is the priority.

local function zid_of(id)
  return string.format('%02d|%s', #id, id)
end

-- The id in a member of a zset; nil or false if the member is no zid.
local function id_of(zid)
  local id = string.match(zid, '^%d%d|([1-9]%d*)$')
  return id and zid == zid_of(id) and id
end

local function leave(state, type, zid)
  redis.call('ZREM', key_state(state), zid)
  redis.call('ZREM', key_type_state(type, state), zid)
end

local function enter(state, type, zid, score, priority)
  redis.call('ZADD', key_state(state), score, zid)
  redis.call('ZADD', key_type_state(type, state), priority, zid)
end

-- For many jobs of one type. `by_state` and `by_type` are {score, zid, ...}.
local function enter_many(state, type, by_state, by_type)
  redis.call('ZADD', key_state(state), unpack(by_state))
  redis.call('ZADD', key_type_state(type, state), unpack(by_type))
end
