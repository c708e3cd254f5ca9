-- ids_by_age: some of the jobs in a zset by id, the newest or the oldest first, whatever their priorities. Reads only.
-- Jobs of one priority are in the order of their ids. So those of all priorities are merged, if there are few of them.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    state; '' for all jobs
--          3    type; '' for all types
--          4    'newest' or 'oldest'
--          5    how many jobs at most
--          6    member behind which to go on in that order; '' or not given to begin
--          7    how many jobs behind that to pass over; none if it is not given
-- Returns  {how many jobs the zset has, zid, ...}, or {-1} if it has more than 32 scores
-- Events   none
-- Shared   behind

local MAX_SCORES = 32
local READ_AT_ONCE = 50

local newest, most, last = ARGV[4] == 'newest', tonumber(ARGV[5]), ARGV[6] ~= '' and ARGV[6]
local passed_over = tonumber(ARGV[7] or 0)
local key = ARGV[2] == '' and key_jobs() or ARGV[3] == '' and key_state(ARGV[2]) or key_type_state(ARGV[3], ARGV[2])

-- The members of one score that are to come, from position `at` on; `stop` is the last of them in that direction.
local groups, above = {}, '-inf'
while true do
  local first = redis.call('ZRANGEBYSCORE', key, above, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if not first[1] then break end
  if #groups == MAX_SCORES then return {-1} end
  local score = first[2]
  local low, high = redis.call('ZCOUNT', key, '-inf', '(' .. score), redis.call('ZCOUNT', key, '-inf', score) - 1
  if last then
    local behind = rank_behind(key, score, last)
    if newest then
      high = behind - 1
      -- the last one itself is not to come again
      if high >= low and redis.call('ZRANGE', key, high, high)[1] == last then high = high - 1 end
    else
      low = behind
    end
  end
  groups[#groups + 1] = newest and {at = high, stop = low} or {at = low, stop = high}
  above = '(' .. score
end

local function member_at(group, offset)
  local rank = newest and group.at - offset or group.at + offset
  return redis.call('ZRANGE', key, rank, rank)[1]
end

-- How many members of a group come before another member. It is known to be `group.low` to `group.high`.
local function count_before(group, other)
  local low, high = group.low, group.high
  while low < high do
    local middle = math.floor((low + high) / 2)
    if is_behind(member_at(group, middle), other) == newest then low = middle + 1 else high = middle end
  end
  return low
end

-- Pass over the first jobs of the merged order. A job in the middle of the group of which least is known shows how many
-- come before it in all, so that each step halves what is unknown of that group.
local function pass_over(count)
  for _, group in ipairs(groups) do
    group.low, group.high = 0, math.max(0, newest and group.at - group.stop + 1 or group.stop - group.at + 1)
  end
  while true do
    local widest
    for _, group in ipairs(groups) do
      if group.high > group.low and (not widest or group.high - group.low > widest.high - widest.low) then
        widest = group
      end
    end
    if not widest then break end
    local middle = math.floor((widest.low + widest.high) / 2)
    local pivot, before = member_at(widest, middle), 0
    for _, group in ipairs(groups) do
      group.before = group == widest and middle or count_before(group, pivot)
      before = before + group.before
    end
    for _, group in ipairs(groups) do
      if before >= count then group.high = group.before else group.low = group.before end
      if before == count then group.low = group.before end
    end
    if before < count then widest.low = middle + 1 end
  end
  for _, group in ipairs(groups) do group.at = newest and group.at - group.low or group.at + group.low end
end

if passed_over > 0 then pass_over(passed_over) end

-- The next member of a group, read some at a time; nil if there is none left.
local function head(group)
  if group.read and group.read[group.next] then return group.read[group.next] end
  if newest and group.at < group.stop or not newest and group.at > group.stop then return nil end
  if newest then
    local to = math.max(group.stop, group.at - READ_AT_ONCE + 1)
    local found = redis.call('ZRANGE', key, to, group.at)
    group.read, group.next, group.at = {}, 1, to - 1
    for i = #found, 1, -1 do group.read[#group.read + 1] = found[i] end
  else
    local to = math.min(group.stop, group.at + READ_AT_ONCE - 1)
    group.read, group.next, group.at = redis.call('ZRANGE', key, group.at, to), 1, to + 1
  end
  return group.read[group.next]
end

local found = {redis.call('ZCARD', key)}
while #found <= most do
  local best, member
  for _, group in ipairs(groups) do
    local candidate = head(group)
    if candidate and (not best or is_behind(candidate, member) == newest) then best, member = group, candidate end
  end
  if not best then break end
  best.next = best.next + 1
  found[#found + 1] = member
end
return found
