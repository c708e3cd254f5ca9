-- mend_word: makes the two directions of one entry of the index agree. An entry of a job that is gone is removed.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    code
--          3    id
--          4    'remove' if an entry that only the zset of the code has is to go, else ''
-- Returns  'added', 'removed', or 0 if they agree by now
-- Events   none

local code, id = ARGV[2], ARGV[3]

local word, object = key_search_word(code), key_search_object(id)
local by_word, by_object = redis.call('ZSCORE', word, id), redis.call('ZSCORE', object, code)
if redis.call('EXISTS', key_job(id)) == 0 or (ARGV[4] == 'remove' and not by_object) then
  return redis.call('ZREM', word, id) + redis.call('ZREM', object, code) > 0 and 'removed' or 0
end
if by_word and not by_object then
  redis.call('ZADD', object, by_word, code)
elseif by_object and not by_word then
  redis.call('ZADD', word, by_object, id)
else
  return 0
end
return 'added'
