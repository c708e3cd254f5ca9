-- count_attempt: attempts made once this one is counted, and how many remain. Never beyond max_attempts; a hash
-- without max_attempts is never counted, as in Kue: then `made` stays what the hash says, nil if nothing.
-- Needs: number.

local function count_attempt(attempts, max_attempts)
  local made, max = to_number(attempts), to_number(max_attempts)
  if max == nil then return made, 0 end
  made = math.max(made or 0, math.min((made or 0) + 1, max))
  return made, math.max(0, max - made)
end
