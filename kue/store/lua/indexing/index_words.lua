-- index_words: one step of the indexing of a job: adds words, and takes away those that its data lost.
-- The hash names the token of the indexing until the last step is done. Another indexing has another token, and ends
-- this one. So does the removal of the job.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    id
--          3    token
--          4    'last' if no step follows, else ''
--          5... each code, then its score; an empty score takes the word away (at most 1,000 words)
-- Returns  1; 0 if the indexing has ended
-- Events   none
-- Shared   words

local id = ARGV[2]
local at = 5

if redis.call('HGET', key_job(id), 'py_reindex') ~= ARGV[3] then return 0 end
local refused = check_words(id, ARGV, at, #ARGV)
if refused then return refused end
write_words(id, ARGV, at, #ARGV)
if ARGV[4] == 'last' then redis.call('HDEL', key_job(id), 'py_reindex') end
return 1
