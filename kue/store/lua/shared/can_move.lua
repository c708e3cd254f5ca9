-- can_move: whether a job can go from one state to another, for a script that moves many jobs.
-- If a key of a type is of the wrong kind, the jobs of this type stay where they are, and the script moves the others.
-- Needs: readable, check.

local function can_move(type, from, to)
  return passes(check_state, from, type) and passes(check_entry, to, type)
end
