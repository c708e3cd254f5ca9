-- can_move: whether a job, one of many, can go from one state to another: where a key of its type is of the wrong kind it
-- stays as it is, and the others go on without it.
-- Needs: check.

local function can_move(type, from, to)
  return pcall(check_state, from, type) and pcall(check_entry, to, type)
end
