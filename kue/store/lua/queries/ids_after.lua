-- ids_after: one page of the jobs in a state, in the order of their zset. Reads only.
-- The page begins behind a score and a member, whether or not that member is still there. So a job that stays in the
-- zset, with its score, is on exactly one page, though others enter and leave between two pages.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    state
--          3    type; '' for all types
--          4    how many jobs at most
--          5    score of the last member of the page before; '' for the first page
--          6    that member
-- Returns  {score of the last member of this page, member, member, ...}, or {} if there is none
-- Events   none

local key = ARGV[3] == '' and key_state(ARGV[2]) or key_type_state(ARGV[3], ARGV[2])

-- Members of one score are in the order of their bytes. Lua compares strings by the locale of the server instead.
local function is_behind(member, other)
  for i = 1, math.min(#member, #other) do
    local byte, other_byte = string.byte(member, i), string.byte(other, i)
    if byte ~= other_byte then return byte > other_byte end
  end
  return #member > #other
end

local function rank_behind(score, last)
  local low, high = redis.call('ZCOUNT', key, '-inf', '(' .. score), redis.call('ZCOUNT', key, '-inf', score)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if is_behind(redis.call('ZRANGE', key, middle, middle)[1], last) then
      high = middle
    else
      low = middle + 1
    end
  end
  return low
end

local first = ARGV[5] == '' and 0 or rank_behind(ARGV[5], ARGV[6])
local members = redis.call('ZRANGE', key, first, first + ARGV[4] - 1)
if #members == 0 then return {} end
return {redis.call('ZSCORE', key, members[#members]), unpack(members)}
