-- ids_after: one page of the jobs in a state, in the order of their zset. Reads only.
-- The page begins behind a score and a member, whether or not that member is still there. So a job that stays in the
-- zset, with its score, is on exactly one page, though others enter and leave between two pages.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    state; '' for all jobs
--          3    type; '' for all types
--          4    how many jobs at most
--          5    score of the last member of the page before; '' for the first page
--          6    that member
--          7    '1' to have the score of each
-- Returns  {score of the last member of this page, member, member, ...}, or {} if there is none; with the scores:
--          {member, score, member, score, ...}
-- Events   none
-- Shared   behind

local key = ARGV[2] == '' and key_jobs() or ARGV[3] == '' and key_state(ARGV[2]) or key_type_state(ARGV[3], ARGV[2])

local first = ARGV[5] == '' and 0 or rank_behind(key, ARGV[5], ARGV[6])
if ARGV[7] == '1' then return redis.call('ZRANGE', key, first, first + ARGV[4] - 1, 'WITHSCORES') end
local members = redis.call('ZRANGE', key, first, first + ARGV[4] - 1)
if #members == 0 then return {} end
return {redis.call('ZSCORE', key, members[#members]), unpack(members)}
