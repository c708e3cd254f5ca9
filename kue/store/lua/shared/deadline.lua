-- deadline: the score of an active job: when its ttl ends, with a margin if Python runs it; -abs(priority) without ttl.
-- Needs: number.

-- A run in Python ends itself at its ttl. Its score is this much later, so that Node's checker finds its job only if
-- the process is dead.
local MARGIN_MS = 5000

local function held_by_python(worker)
  return worker and string.find(worker, '^kue:.*:%d+%-%x+:.*:%d+$') ~= nil
end

local function active_score(now, ttl, priority, worker)
  ttl = to_number(ttl)
  if ttl and ttl > 0 then
    return now + ttl + (held_by_python(worker) and MARGIN_MS or 0)
  end
  return 0 - math.abs(priority) -- a mere minus sign would make -0 of 0
end
