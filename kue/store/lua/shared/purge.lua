-- purge: a step of a walk over the jobs of a type that have ended in a state.
-- A member that stands for no job is left to `drop_broken`. One whose job is in another state by now, or of another
-- type, leaves the zsets where it does not belong, as in `take`.
-- A Node worker still writes to a job that it has just ended. It counts the attempt after the end, and a job passes
-- through `failed` on the way to another attempt. So such a job stays for a while, as in `node`.
-- Needs: index, readable, rights, check, ended, unique, erase, node.

local MAX_AHEAD_MS = 60000 -- a later moment was written by a clock that was wrong
local MAX_GONE = 100 -- jobs that are removed in a step
local MAX_BYTES = 1000000 -- of their data, which is read if there are unique keys: see `unique_of`

-- Whether the caller may go on: it holds the lock, or needs none.
local function has_turn(token)
  return token == '' or redis.call('GET', key_purge_lock()) == token
end

local function new_step(type, state, now)
  check_rights()
  check_jobs()
  check_state(state, type)
  return {type = type, state = state, now = now, gone = {}, leave_state = {}, leave_type = {}, broken = {}, bytes = 0,
    are_unique = redis.call('EXISTS', key_unique()) == 1}
end

local function is_full(step)
  return #step.gone >= MAX_GONE or step.bytes >= MAX_BYTES
end

-- How many members fewer the zset of the type will have, of those that were looked at.
local function leaving(step)
  return #step.leave_type + #step.broken
end

-- Whether a moment is so late that only a clock that was wrong can have written it.
local function is_ahead(step, moment)
  return moment > step.now + MAX_AHEAD_MS
end

-- Looks at a member. If its job is in the state of the step, returns its id, when it was created, when its hash changed
-- last, its field py_unique, and whether a Node worker ran it last.
local function look_at(step, zid)
  local id = id_of(zid)
  local held = id and read_or_nil('HMGET', key_job(id), 'type', 'state', 'created_at', 'updated_at', 'py_unique',
    'workerId') or {}
  local type, state = held[1], held[2]
  if not type or type == '' then
    step.broken[#step.broken + 1] = zid
    return nil
  end
  if type == step.type and state == step.state then
    return id, to_moment(held[3]), to_moment(held[4]), held[5] or nil, is_node_worker(held[6])
  end
  step.leave_type[#step.leave_type + 1] = zid
  if state ~= step.state then step.leave_state[#step.leave_state + 1] = zid end
  return nil
end

-- Has a job go at the end of the step.
local function let_go(step, zid, id, unique)
  local bytes = 0
  if step.are_unique then unique, bytes = unique_of(id, unique) end
  step.bytes = step.bytes + bytes
  step.gone[#step.gone + 1] = {id = id, zid = zid, unique = unique}
  step.leave_type[#step.leave_type + 1] = zid
  step.leave_state[#step.leave_state + 1] = zid
end

-- Writes what was found, and keeps the lock for so many ms more. Returns the reply of the script: `passed` says where
-- the next step goes on, and is -1 if there is nothing left to do.
local function end_step(step, token, ms, passed)
  if token ~= '' then redis.call('PEXPIRE', key_purge_lock(), ms) end
  if #step.leave_state > 0 then redis.call('ZREM', key_state(step.state), unpack(step.leave_state)) end
  if #step.leave_type > 0 then redis.call('ZREM', key_type_state(step.type, step.state), unpack(step.leave_type)) end
  erase_many(step.gone)
  return {#step.gone, passed, unpack(step.broken)}
end
