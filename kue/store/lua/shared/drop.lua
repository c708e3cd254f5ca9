-- drop: what stands in the place of a job and is none leaves every set of all types, and those of one type. A key that is no
-- zset lists no job, and keeps nothing from leaving the others.

local function drop(zid, type)
  redis.pcall('ZREM', key_jobs(), zid)
  for _, state in ipairs(all_states()) do
    redis.pcall('ZREM', key_state(state), zid)
    redis.pcall('ZREM', key_type_state(type, state), zid)
  end
end
