-- check: raises an error if a key is of the wrong kind.
-- A script checks what it will write to before its first write, since Redis does not undo a script that fails
-- half-way. Counting is the cheapest command that raises.

local function check_jobs()
  redis.call('ZCARD', key_jobs())
end

local function check_state(state, type)
  redis.call('ZCARD', key_state(state))
  redis.call('ZCARD', key_type_state(type, state))
end

local function check_tokens(type)
  redis.call('LLEN', key_tokens(type))
end

-- For a job that enters a state. An inactive job gets a token too.
local function check_entry(state, type)
  check_state(state, type)
  if state == 'inactive' then check_tokens(type) end
end
