-- readable: tells a key of the wrong kind, which a script passes over, from one that the caller may not use.
-- The latter refuses the whole call. Otherwise jobs would be taken for broken ones, or left out without a word.

-- The reply to a command that reads; nil if its key is of the wrong kind. A field or member that is missing is false,
-- as from `redis.call`. If Redis refused the command for another reason, raises an error that names the command,
-- since what Redis says may not.
local function read_or_nil(command, key, ...)
  local reply = redis.pcall(command, key, ...)
  if type(reply) ~= 'table' or not reply.err then return reply end
  if string.find(tostring(reply.err), 'WRONGTYPE', 1, true) then return nil end
  error(command .. ' ' .. key .. ' was refused: ' .. tostring(reply.err), 0)
end

-- Whether a check passes, and what it returns. It does not if it meets a key of the wrong kind. Raises what it raises
-- for another reason.
local function passes(check, ...)
  local is_free, result = pcall(check, ...)
  if is_free then return true, result end
  local text = type(result) == 'table' and result.err or result -- a text on Redis 6.2
  if not string.find(tostring(text), 'WRONGTYPE', 1, true) then error(result, 0) end
  return false
end
