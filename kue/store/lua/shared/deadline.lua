-- deadline: the score of an active job. A run held by Python ends itself at its ttl, and is scored a few seconds
-- later, so that Node's checker meets it only when its process is dead.
-- Needs: number.

local MARGIN = 5000

local function held_by_python(worker)
  return worker and string.find(worker, '^kue:.*:%d+%-%x+:.*:%d+$') ~= nil
end

local function active_score(now, ttl, priority, worker)
  ttl = to_number(ttl)
  if ttl and ttl > 0 then
    return now + ttl + (held_by_python(worker) and MARGIN or 0)
  end
  return 0 - math.abs(priority) -- a plain minus would write -0
end
