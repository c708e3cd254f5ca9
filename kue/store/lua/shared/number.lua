-- number: reads a number from a field of a hash. The result is nil if the field is no number, or is `NaN`.
-- Node writes `NaN` for a number it does not have, and no zset takes it as a score.

local function to_number(text)
  local number = tonumber(text)
  return number == number and number or nil
end
