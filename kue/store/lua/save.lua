-- save: new jobs, each inactive or delayed, with ids in order.
-- KEYS  1 every job (P:jobs; all other names are made from the prefix, and lie in the same slot)
-- ARGV  1 prefix, 2... for each job: type, type as JSON, priority, promote_at where delayed else '', how many arguments its
--       fields and values take, and those
-- Returns  the id of the first; the others have those that follow
-- Events  enqueue for each that is not delayed
-- All jobs together: what refuses one refuses the call, and has to be asked for each alone.
-- Shared  index announce check

local P = ARGV[1]

redis.call('SCARD', key_types())
check_jobs()
local count, types, places = 0, {}, {}
local at = 2
while ARGV[at] do
  local type, state = ARGV[at], ARGV[at + 3] == '' and 'inactive' or 'delayed'
  local place = places[state .. type]
  if not place then
    check_entry(state, type)
    place = {state = state, type = type, by_state = {}, by_type = {}, tokens = {}}
    places[state .. type] = place
    types[#types + 1] = type
  end
  count = count + 1
  at = at + 5 + ARGV[at + 4]
end

local last = redis.call('INCRBY', key_ids(), count)
local all, n = {}, 0
if count > 1 then
  local hashes = {}
  for i = 1, count do hashes[i] = key_job(string.format('%.0f', last - count + i)) end
  if redis.call('EXISTS', unpack(hashes)) > 0 then
    for _, hash in ipairs(hashes) do redis.call('HLEN', hash) end
  end
end
at = 2
while ARGV[at] do
  local type, priority, promote_at, length = ARGV[at], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4]
  local id = string.format('%.0f', last - count + n + 1)
  local zid, place = zid_of(id), places[(promote_at == '' and 'inactive' or 'delayed') .. type]
  redis.call('HSET', key_job(id), unpack(ARGV, at + 5, at + 4 + length))
  local entries = #place.by_type
  all[2 * n + 1], all[2 * n + 2] = priority, zid
  place.by_type[entries + 1], place.by_type[entries + 2] = priority, zid
  if promote_at == '' then
    place.tokens[#place.tokens + 1] = 1
    announce(id, 'enqueue', ',' .. ARGV[at + 1])
  else
    place.by_state[entries + 1], place.by_state[entries + 2] = promote_at, zid
  end
  n = n + 1
  at = at + 5 + length
end

redis.call('SADD', key_types(), unpack(types))
redis.call('ZADD', KEYS[1], unpack(all))
for _, place in pairs(places) do
  local by_state = place.state == 'delayed' and place.by_state or place.by_type
  redis.call('ZADD', key_state(place.state), unpack(by_state))
  redis.call('ZADD', key_type_state(place.type, place.state), unpack(place.by_type))
  if place.tokens[1] then redis.call('LPUSH', key_tokens(place.type), unpack(place.tokens)) end
end
return last - count + 1
