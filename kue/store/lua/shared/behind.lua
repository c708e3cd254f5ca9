-- behind: the order of a zset, as Redis has it. It finds the place of a member that may have left.

-- Members of one score are in the order of their bytes. Lua compares strings by the locale of the server instead.
local function is_behind(member, other)
  for i = 1, math.min(#member, #other) do
    local byte, other_byte = string.byte(member, i), string.byte(other, i)
    if byte ~= other_byte then return byte > other_byte end
  end
  return #member > #other
end

-- The position of the first member of a zset behind a score and a member of it, whether or not that is still there.
local function rank_behind(key, score, last)
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
