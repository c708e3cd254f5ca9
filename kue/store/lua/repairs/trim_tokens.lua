-- trim_tokens: takes away the tokens that a type has beyond one for each waiting job.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    type
-- Returns  how many were taken away
-- Events   none

local type = ARGV[2]

local tokens, waiting = redis.call('LLEN', key_tokens(type)), redis.call('ZCARD', key_type_state(type, 'inactive'))
if tokens <= waiting then return 0 end
redis.call('LTRIM', key_tokens(type), tokens - waiting, -1)
return tokens - waiting
