-- append_log: adds a line to the log of a job.
-- If its key is of the wrong kind, the line is lost and the rest of the script goes on.

local function append_log(id, line)
  local kind = redis.call('TYPE', key_log(id)).ok
  if kind == 'list' or kind == 'none' then redis.call('RPUSH', key_log(id), line) end
end
