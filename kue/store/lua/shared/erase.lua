-- erase: removes a job with everything that belongs to it, except its token: a token without a job does no harm.
-- The script has taken the job out of the zsets of its state. `unique` is the field py_unique of its hash. `more` is as
-- `announce` takes it.
-- Needs: announce, unique, words.

local function announce_removal(id, type_json, more)
  announce(id, 'remove', ',' .. type_json, more)
end

local function erase(id, type, type_json, zid, unique, more)
  free_unique(id, unique_of(id, unique))
  redis.call('ZREM', key_jobs(), zid)
  redis.call('DEL', key_job(id), key_log(id))
  erase_words(id)
  announce_removal(id, type_json, more)
end

-- For many jobs, without an event. Each is a table with `id`, `zid` and `unique`, which is as `unique_of` gives it.
local function erase_many(jobs)
  if #jobs == 0 then return end
  local zids, keys, objects = {}, {}, {}
  for i, job in ipairs(jobs) do
    free_unique(job.id, job.unique)
    zids[i] = job.zid
    keys[2 * i - 1], keys[2 * i] = key_job(job.id), key_log(job.id)
    objects[i] = key_search_object(job.id)
  end
  redis.call('ZREM', key_jobs(), unpack(zids))
  redis.call('DEL', unpack(keys))
  if redis.call('EXISTS', unpack(objects)) > 0 then
    for _, job in ipairs(jobs) do erase_words(job.id) end
  end
end
