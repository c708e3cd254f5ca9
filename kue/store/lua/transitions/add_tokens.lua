-- add_tokens: adds the tokens that a type lacks. Without them idle workers sleep although jobs wait.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    type
-- Returns  how many were added, at most 1000 in a call
-- Events   none

local type = ARGV[2]

local missing = redis.call('ZCARD', key_type_state(type, 'inactive')) - redis.call('LLEN', key_tokens(type))
missing = math.min(missing, 1000)
if missing <= 0 then return 0 end
local tokens = {}
for i = 1, missing do tokens[i] = 1 end
redis.call('LPUSH', key_tokens(type), unpack(tokens))
return missing
