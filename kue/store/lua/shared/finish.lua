-- finish: a job ends: it is complete, or it has failed for good. The script has written the hash.
-- `unique` is the field py_unique of the hash. `rest` and `more` are as `announce` takes them; without `rest` no event
-- is published.
-- Needs: index, announce, unique.

local function is_end(state) return state == 'complete' or state == 'failed' end

-- For a job that is in both zsets already, or that its script enters there together with others.
local function finish_filed(id, state, unique, rest, more)
  if unique then free_unique(id, unique) end
  if rest then announce(id, state, rest, more) end
end

local function finish(id, state, type, zid, priority, unique, rest, more)
  enter(state, type, zid, priority, priority)
  finish_filed(id, state, unique, rest, more)
end
