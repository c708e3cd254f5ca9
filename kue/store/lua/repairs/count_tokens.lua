-- count_tokens: compares the tokens of some types with their waiting jobs, each type at one moment. Reads only.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2... types
-- Returns  {type, tokens, waiting jobs} for each type whose numbers differ
-- Events   none
-- Shared   readable

local answer = {}
for i = 2, #ARGV do
  local tokens = read_or_nil('LLEN', key_tokens(ARGV[i]))
  local waiting = read_or_nil('ZCARD', key_type_state(ARGV[i], 'inactive'))
  if tokens and waiting and tokens ~= waiting then
    answer[#answer + 1] = {ARGV[i], tokens, waiting}
  end
end
return answer
