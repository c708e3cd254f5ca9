-- admit: reads the waiting jobs of a type that may become active now, the first in line first.
-- `waiting` is the zset of the type, and `asked` is how many jobs the worker has room for.
-- A feature that holds jobs back (a limit, a pause) is called here and lowers `places`.

local function admit(waiting, asked)
  local places = asked
  if places < 1 then return {} end -- a range that ends at -1 would hold all jobs
  return redis.call('ZRANGE', waiting, 0, places - 1)
end
