-- take: the first waiting jobs of a type become active, each held by a run of its own.
-- A job without a type is dropped, and so is a member that is no zid. A job that is not inactive any more leaves the
-- inactive zsets. A job of another type leaves only the zset of this type.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    type
--          3    type as JSON
--          4    how many jobs the worker has room for
--          5    tokens that the worker has received
--          6    stem of the worker ids
--          7    number of the first run
--          8    now, in ms
-- Returns  {how many members were looked at, {broken ids}, {id, values of FIELDS before the take}, ...}
--          The i-th job taken is held by the run with the worker id stem .. (first + i - 1).
--          If a pause or a limit holds jobs back, the first is -ms, after which to look again, or `full` if a job of
--          the type must end first. It is -1 if places are left since some members were no waiting jobs. Tokens that
--          were not used are back on the list then.
-- Events   start for each job taken
-- Shared   number index readable deadline announce check flow admit drop

local type, type_json, stem, now = ARGV[2], ARGV[3], ARGV[6], tonumber(ARGV[8])
local run = tonumber(ARGV[7])

local waiting, tokens = key_type_state(type, 'inactive'), tonumber(ARGV[5])
local zids, held_back, rate, over = admit(type, waiting, tonumber(ARGV[4]))
local found = #zids
if found == 0 then
  if not held_back or redis.call('ZCARD', waiting) == 0 then return {0, {}} end
  for _ = 1, tokens do redis.call('LPUSH', key_tokens(type), 1) end
  return {held_back, {}}
end

local answer, broken, gone, taken = {held_back or found, {}}, {}, {}, {}
for i, zid in ipairs(zids) do
  local id = id_of(zid)
  local held = id and read_or_nil('HMGET', key_job(id), unpack(FIELDS)) or {}
  local kind, state = held[1], held[2]
  if not kind or kind == '' then
    broken[#broken + 1] = zid
    answer[2][#answer[2] + 1] = id or zid
    gone[#gone + 1] = zid
  elseif kind == type and state == 'inactive' then
    held[0] = id
    taken[#taken + 1] = held
    gone[#gone + 1] = zid
  elseif kind == type or state ~= 'inactive' then
    gone[#gone + 1] = zid
  end
end
if held_back and #taken < found then answer[1] = -1 end

if #gone > 0 then redis.call('ZCARD', key_state('inactive')) end
if #taken > 0 then check_state('active', type) end
if over and over[1] then redis.call('HDEL', key_flow(), unpack(over)) end
local surplus = found - tokens
if surplus > 0 then redis.call('LPOP', key_tokens(type), surplus) end
for _ = 1, held_back and -surplus or 0 do redis.call('LPUSH', key_tokens(type), 1) end
redis.call('ZREM', waiting, unpack(zids))
if #gone > 0 then redis.call('ZREM', key_state('inactive'), unpack(gone)) end

for _, zid in ipairs(broken) do drop(id_of(zid), zid, {type}) end

if #taken > 0 then
  local by_state, by_type, started = {}, {}, ',' .. type_json .. ',null'
  for i, job in ipairs(taken) do
    local id, priority, worker = job[0], to_number(job[3]) or 0, stem .. string.format('%.0f', run + i - 1)
    local zid = zid_of(id)
    redis.call('HSET', key_job(id), 'started_at', ARGV[8], 'workerId', worker, 'state', 'active', 'updated_at', ARGV[8])
    by_state[2 * i - 1] = active_score(now, job[4], priority, worker)
    by_state[2 * i] = zid
    by_type[2 * i - 1] = priority
    by_type[2 * i] = zid
    announce(id, 'start', started)
    answer[i + 2] = {id, job}
  end
  enter_many('active', type, by_state, by_type)
  if rate then count_starts(type, #taken, rate) end
end
return answer
