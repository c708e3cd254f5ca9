-- search: one page of the jobs in the full-text index that have some words, the best first. Reads only.
-- The score of a job is how often it has the words. As in Kue, jobs of one score are in the falling order of their ids,
-- compared as text. One word costs no more than the page. For more words Redis looks at each job of the rarest one, or
-- of all of them if any will do, and other clients wait. So there is a limit to how many jobs that may be.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    '1' for the jobs that have any of the words, '0' for those that have all
--          3    how many jobs are before the page
--          4    how many jobs at most
--          5... codes of words
-- Returns  {how many jobs there are, {id, ...}}, or {-1} if Redis would have to look at more than 200,000
-- Events   none

local MAX_LOOKED_AT = 200000 -- about a tenth of a second

local any, first, most = ARGV[2] == '1', tonumber(ARGV[3]), tonumber(ARGV[4])
local keys, least, all = {}, math.huge, 0
for i = 5, #ARGV do
  local key = key_search_word(ARGV[i])
  local size = redis.pcall('ZCARD', key)
  if type(size) == 'table' then return redis.error_reply(tostring(size.err) .. ': ' .. key) end
  keys[#keys + 1], least, all = key, math.min(least, size), all + size
end
if #keys == 1 then return {all, redis.call('ZRANGE', keys[1], first, first + most - 1, 'REV')} end
if (any and all or least) > MAX_LOOKED_AT then return {-1} end

local found -- the best last
if any then found = redis.call('ZUNION', #keys, unpack(keys)) else found = redis.call('ZINTER', #keys, unpack(keys)) end
local page = {}
for at = #found - first, math.max(1, #found - first - most + 1), -1 do page[#page + 1] = found[at] end
return {#found, page}
