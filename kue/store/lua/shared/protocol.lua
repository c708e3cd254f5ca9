-- protocol: the Python process that a worker id names, and whether it speaks a higher protocol than the one that runs
-- the script. What such a process holds is left alone. The module `worker_id` explains the parts of a worker id.

local PYTHON_WORKER = '^(kue:[^:]*:%d+%-' .. string.rep('[%da-f]', NONCE_DIGITS) .. '[%da-f]*):.*:%d+$'

-- The result is nil for the id of a Node worker, whatever its type.
local function python_process(worker)
  return worker and string.match(worker, PYTHON_WORKER)
end

local function is_newer(process)
  local nonce = string.match(process, '%-(%x+)$')
  return (tonumber(string.sub(nonce, NONCE_DIGITS + 1), 16) or 0) > PROTOCOL
end
