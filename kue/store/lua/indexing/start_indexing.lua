-- start_indexing: jobs get a token in their hash, which says that their words are to be written anew.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    token
--          3    token that the hash must have so far; '' for any
--          4... ids
-- Returns  the ids that got the token; a job that is gone or has no type does not
-- Events   none
-- Shared   readable

local found = {}
for i = 4, #ARGV do
  local held = read_or_nil('HMGET', key_job(ARGV[i]), 'type', 'py_reindex') or {}
  if (held[1] or '') ~= '' and (ARGV[3] == '' or held[2] == ARGV[3]) then found[#found + 1] = ARGV[i] end
end
for _, id in ipairs(found) do redis.call('HSET', key_job(id), 'py_reindex', ARGV[2]) end
return found
