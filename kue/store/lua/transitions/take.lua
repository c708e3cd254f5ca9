-- take: the first jobs of a type become active, each under a run of its own.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 type, 3 type as JSON, 4 how many, 5 tokens already received, 6 stem of the worker ids,
--       7 number of the first run, 8 now
-- Returns  {looked at, {broken ids}, {id, values of FIELDS before the take...}, ...}: the i-th taken runs as stem..(first+i-1)
-- Events  start for each
-- A job without a type is dropped from every index, and a member that is none of Kue's; one that is not inactive any more
-- leaves the inactive indexes, and one of another type only this type's.
-- Shared  number index deadline announce check admit drop

local P, type, type_json, stem, now = ARGV[1], ARGV[2], ARGV[3], ARGV[6], tonumber(ARGV[8])
local run = tonumber(ARGV[7])

local waiting = key_type_state(type, 'inactive')
local zids = admit(waiting, tonumber(ARGV[4]))
local found = #zids
if found == 0 then return {0, {}} end

local answer, broken, gone, taken = {found, {}}, {}, {}, {}
for i, zid in ipairs(zids) do
  local id = id_of(zid)
  local held = id and redis.pcall('HMGET', key_job(id), unpack(FIELDS)) or {}
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

if #gone > 0 then redis.call('ZCARD', key_state('inactive')) end
if #taken > 0 then check_state('active', type) end
local surplus = found - tonumber(ARGV[5])
if surplus > 0 then redis.call('LPOP', key_tokens(type), surplus) end
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
end
return answer
