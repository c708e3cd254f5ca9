-- drop: what stands in the place of a job and is none is gone: it leaves every set of all types, and those of `types`.
-- A key that is no zset lists no job, and keeps nothing from leaving the others. `id` is nil if the member holds none.

local function drop(id, zid, types)
  if id then redis.call('DEL', key_job(id), key_log(id)) end
  redis.pcall('ZREM', key_jobs(), zid)
  for _, state in ipairs(all_states()) do
    redis.pcall('ZREM', key_state(state), zid)
    for _, type in ipairs(types) do redis.pcall('ZREM', key_type_state(type, state), zid) end
  end
end
