-- save_indexed: saves a new job as `save` or `save_unique` does, and adds its words to the full-text index.
-- If another job stands for the unique key and gets the new data, its hash says that its words are to be written.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    '1' if the job has a unique key, else ''
--          3    token of this save
--          4    search keys as JSON, or ''
--          5    how many arguments its words take (at most 2,000)
--          6... those, each code and its score; then the job as `save` or `save_unique` takes it
-- Returns  as `save_unique`
-- Events   enqueue if a job is saved that is not delayed
-- Shared   words create create_unique

local at = 6
local job = at + ARGV[5]

-- `create` gives the job this id.
local next_id = string.format('%.0f', (tonumber(redis.call('GET', key_ids())) or 0) + 1)
local refused = check_words(next_id, ARGV, at, job - 1)
if refused then return refused end
if ARGV[2] == '' then
  local id = create(ARGV, job)
  write_words(string.format('%.0f', id), ARGV, at, job - 1)
  return {id}
end
local id, is_existing, is_replaced = create_unique(ARGV, job)
if not id then return {0} end
if not is_existing then
  write_words(string.format('%.0f', id), ARGV, at, job - 1)
  return {id}
end
if is_replaced then mark_unindexed(id, ARGV[3], ARGV[4]) end
return {id, redis.call('HGETALL', key_job(id))}
