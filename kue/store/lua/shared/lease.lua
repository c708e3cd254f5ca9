-- lease: whether a Python process is alive. It is alive until its lease ends, by the clock of Redis.

local function redis_now()
  local time = redis.pcall('TIME')
  -- The refusal of Redis itself names the script and not the command.
  if time.err then error('leases need the command TIME: ' .. time.err, 0) end
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function is_alive(process)
  local ends = redis.call('ZSCORE', key_leases(), process)
  return ends and tonumber(ends) > redis_now()
end
