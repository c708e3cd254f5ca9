-- erase: removes a job with everything that belongs to it, except its token: a token without a job does no harm.
-- The script has taken the job out of the zsets of its state. `unique` is the field py_unique of its hash. `more` is as
-- `announce` takes it.
-- Needs: announce, unique.

local function erase(id, type, type_json, zid, unique, more)
  free_unique(id, unique_of(id, unique))
  redis.call('ZREM', key_jobs(), zid)
  redis.call('DEL', key_job(id), key_log(id))
  announce(id, 'remove', ',' .. type_json, more)
end
