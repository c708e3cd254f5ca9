-- count_tokens: the tokens of some types beside their waiting jobs, each pair in one moment. Reads only.
-- KEYS  1 every job
-- ARGV  1 prefix, 2... types
-- Returns  {type, tokens, inactive jobs} for each type where the numbers differ
-- Events  none

local P = ARGV[1]

local answer = {}
for i = 2, #ARGV do
  local tokens = redis.pcall('LLEN', key_tokens(ARGV[i]))
  local waiting = redis.pcall('ZCARD', key_type_state(ARGV[i], 'inactive'))
  if type(tokens) == 'number' and type(waiting) == 'number' and tokens ~= waiting then
    answer[#answer + 1] = {ARGV[i], tokens, waiting}
  end
end
return answer
