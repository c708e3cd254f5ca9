-- admit: the waiting jobs of a type that may become active now, first come first. `waiting` is the zset of the type, and
-- `asked` is how many jobs the worker has room for. What holds jobs back (a limit, a pause) lowers `places` here.

local function admit(waiting, asked)
  local places = asked
  if places < 1 then return {} end -- a range that ends at -1 would be all of them
  return redis.call('ZRANGE', waiting, 0, places - 1)
end
