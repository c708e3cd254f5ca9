-- check: raises, before the first write of a script, what a later write to a key of the wrong kind would raise: Redis does
-- not undo a script that fails half-way. Counting is the cheapest command that raises it.

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

-- What a job needs that comes into a state: an inactive one gets a token too.
local function check_entry(state, type)
  check_state(state, type)
  if state == 'inactive' then check_tokens(type) end
end
