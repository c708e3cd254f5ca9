-- index: the zset entries of a job. Every zset holds zids; the score by state is the caller's, by type the priority.

local function zid_of(id)
  return string.format('%02d|%s', #id, id)
end

-- The id in a member of a zset; nothing where the member is none that Kue writes.
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

-- Many jobs of one type. `by_state` and `by_type` are {score, zid, ...}.
local function enter_many(state, type, by_state, by_type)
  redis.call('ZADD', key_state(state), unpack(by_state))
  redis.call('ZADD', key_type_state(type, state), unpack(by_type))
end
