-- append_log: one line more in the log of a job. A key in its place that is no list holds up nothing else.

local function append_log(id, line)
  local kind = redis.call('TYPE', key_log(id)).ok
  if kind == 'list' or kind == 'none' then redis.call('RPUSH', key_log(id), line) end
end
