-- admit: reads the waiting jobs of a type that may become active now, the first in line first.
-- `waiting` is the zset of the type, and `asked` is how many jobs the worker has room for. If a pause or a limit holds
-- jobs back, the second result says for how long, as in `flow`. The third is the rate of the type, and the fourth the
-- fields of pauses that are over, if there are any to look at.
-- Needs: flow.

local function admit(type, waiting, asked)
  local places, held_back, rate, over = asked, nil, nil, nil
  if redis.call('HLEN', key_flow()) > 0 then -- half as dear as an HMGET, and mostly nothing is set
    local set = redis.call('HMGET', key_flow(), '', type)
    if set[1] or set[2] then places, held_back, rate, over = places_left(type, asked, set[1], set[2]) end
  end
  if places < 1 then return {}, held_back end -- a range that ends at -1 would hold all jobs
  local zids = redis.call('ZRANGE', waiting, 0, places - 1)
  return zids, #zids == places and held_back, rate, over
end
