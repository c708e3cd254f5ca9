-- readable: tells a job whose hash is of the wrong kind, which is broken, from one that the caller may not read. The
-- latter must stay as it is.

-- Raises what Redis said if a command that read fields of a job was refused. `held` is its reply, or nil.
local function check_readable(held, command, id)
  if held and held.err and not string.find(tostring(held.err), 'WRONGTYPE', 1, true) then
    redis.call(command, key_job(id), 'type') -- raises, with what Redis says, on every version
    error('the hash of job ' .. id .. ' cannot be read')
  end
end
