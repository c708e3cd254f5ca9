-- add_tokens: puts back the tokens a type is missing, so that idle workers do not sleep beside waiting jobs.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 type
-- Returns  how many were added (at most 1000 a call)
-- Events  none

local P, type = ARGV[1], ARGV[2]

local missing = redis.call('ZCARD', key_type_state(type, 'inactive')) - redis.call('LLEN', key_tokens(type))
missing = math.min(missing, 1000)
if missing <= 0 then return 0 end
local tokens = {}
for i = 1, missing do tokens[i] = 1 end
redis.call('LPUSH', key_tokens(type), unpack(tokens))
return missing
