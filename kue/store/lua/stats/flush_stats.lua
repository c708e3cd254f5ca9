-- flush_stats: adds what a process has counted in a minute to the hashes of that minute, of its ten minutes and hour.
-- A key that is no hash is left as it is: what is counted about the other types and slots is added all the same.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    start of the minute, in seconds since the epoch
--          3... for each type: its name, the greatest run in ms, how many counters, and each with what is added to it
-- Returns  how many hashes were written
-- Events   none
-- Shared   readable

local SLOTS = {{'m', 60, 2 * 3600}, {'t', 600, 48 * 3600}, {'h', 3600, 14 * 24 * 3600}}  -- name, length, kept (s)

local minute, written = tonumber(ARGV[2]), 0

local function add(key, seconds, at, count, longest)
  local names = {'max'}
  for i = 1, count do names[i + 1] = ARGV[at + 2 * i - 2] end
  local held = read_or_nil('HMGET', key, unpack(names))
  if not held then return end
  -- A user that may not use this command adds nothing at all, since a new hash would stay for ever.
  if not held[1] then redis.call('PEXPIRE', key, 1000 * seconds) end
  local pairs = {'max', math.max(tonumber(held[1] or 0) or 0, longest)}
  for i = 1, count do
    pairs[2 * i + 1] = names[i + 1]
    pairs[2 * i + 2] = string.format('%.0f', (tonumber(held[i + 1] or 0) or 0) + ARGV[at + 2 * i - 1])
  end
  local added = redis.call('HSET', key, unpack(pairs))
  if added == redis.call('HLEN', key) then redis.call('PEXPIRE', key, 1000 * seconds) end
  written = written + 1
end

local at = 3
while at <= #ARGV do
  local type, longest, count = ARGV[at], tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  for _, slot in ipairs(SLOTS) do
    local start = minute - minute % slot[2]
    add(key_stats(slot[1], string.format('%.0f', start), type), slot[3], at + 3, count, longest)
  end
  at = at + 3 + 2 * count
end
return written
