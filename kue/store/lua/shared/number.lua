-- number: reads a number from a field of a hash. nil if it is none, or `NaN`: Node writes that for a number that it
-- does not have, and no zset takes it as a score.

local function to_number(text)
  local number = tonumber(text)
  return number == number and number or nil
end
