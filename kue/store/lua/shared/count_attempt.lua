-- count_attempt: the number of attempts made, this one included, and the number that remain.
-- The count never exceeds max_attempts. If the hash has no max_attempts, this attempt is not counted, as in Kue: the
-- first number is what the hash says (nil if it says nothing), and no attempts remain.
-- Needs: number.

local function count_attempt(attempts, max_attempts)
  local made, max = to_number(attempts), to_number(max_attempts)
  if max == nil then return made, 0 end
  made = math.max(made or 0, math.min((made or 0) + 1, max))
  return made, math.max(0, max - made)
end
