-- erase: every trace of a job but its token (a token without a job is normal).
-- Needs: announce.

local function erase(id, type, type_json, zid)
  redis.call('ZREM', key_jobs(), zid)
  redis.call('DEL', key_job(id), key_log(id))
  announce(id, 'remove', ',' .. type_json)
end
