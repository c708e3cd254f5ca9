-- refile: corrects what `examine` found wrong with the zsets of a job. A stuck job is queued.
-- Needs: deadline, check, enqueue.

local function refile(job, now)
  check_tokens(job.type)
  for _, fault in ipairs(job.faults) do
    local what, key, due = fault[1], fault[2], fault[4]
    if what == 'surplus' then
      redis.call('ZREM', key, job.zid)
    else
      if due == '' then
        due = job.priority or 0
        if key == key_state('active') then due = active_score(now, job.ttl, due, job.worker) end
        if key == key_state('delayed') then due = now end
      end
      redis.call('ZADD', key, due, job.zid)
    end
  end
  if job.stuck then
    enqueue_filed(job.id, job.type, cjson.encode(job.type))
  end
end
