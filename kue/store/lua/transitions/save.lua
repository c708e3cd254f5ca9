-- save: new jobs, each inactive or delayed, with ids in order.
-- KEYS  1 every job (P:jobs; all other names are made from the prefix, and lie in the same slot)
-- ARGV  1 prefix, 2... for each job: type, type as JSON, data, priority, max_attempts, created_at, promote_at where delayed
--       else '', how many arguments its other fields and their values take, and those
-- Returns  the id of the first; the others have those that follow
-- Events  enqueue for each that is not delayed
-- All jobs together: what refuses one refuses the call, and has to be asked for each alone.
-- Shared  index announce check

local P = ARGV[1]

redis.call('SCARD', key_types())
check_jobs()
local starts, types, places, count = {}, {}, {}, 0
local at = 2
while ARGV[at] do
  local type, state = ARGV[at], ARGV[at + 6] == '' and 'inactive' or 'delayed'
  local place = places[state .. type]
  if not place then
    check_entry(state, type)
    place = {state = state, type = type, by_state = {}, by_type = {}, tokens = {}}
    places[state .. type] = place
    types[#types + 1] = type
  end
  count = count + 1
  starts[count] = at
  at = at + 8 + ARGV[at + 7]
end

local first = redis.call('INCRBY', key_ids(), count) - count
local ids, hashes = {}, {}
for i = 1, count do
  ids[i] = string.format('%.0f', first + i)
  hashes[i] = key_job(ids[i])
end
if count > 1 and redis.call('EXISTS', unpack(hashes)) > 0 then
  for _, hash in ipairs(hashes) do redis.call('HLEN', hash) end
end

local all = {}
for i, at in ipairs(starts) do
  local id, priority, created, due = ids[i], ARGV[at + 3], ARGV[at + 5], ARGV[at + 6]
  local zid, place = zid_of(id), places[(due == '' and 'inactive' or 'delayed') .. ARGV[at]]
  redis.call('HSET', hashes[i], 'type', place.type, 'data', ARGV[at + 2], 'state', place.state, 'created_at', created,
    'updated_at', created, 'promote_at', due == '' and created or due, 'priority', priority, 'max_attempts', ARGV[at + 4],
    unpack(ARGV, at + 8, at + 7 + ARGV[at + 7]))
  local entries = #place.by_type
  all[2 * i - 1], all[2 * i] = priority, zid
  place.by_type[entries + 1], place.by_type[entries + 2] = priority, zid
  if due == '' then
    place.tokens[#place.tokens + 1] = 1
    announce(id, 'enqueue', ',' .. ARGV[at + 1])
  else
    place.by_state[entries + 1], place.by_state[entries + 2] = due, zid
  end
end

redis.call('SADD', key_types(), unpack(types))
redis.call('ZADD', KEYS[1], unpack(all))
for _, place in pairs(places) do
  local by_state = place.state == 'delayed' and place.by_state or place.by_type
  redis.call('ZADD', key_state(place.state), unpack(by_state))
  redis.call('ZADD', key_type_state(place.type, place.state), unpack(place.by_type))
  if place.tokens[1] then redis.call('LPUSH', key_tokens(place.type), unpack(place.tokens)) end
end
return first + 1
