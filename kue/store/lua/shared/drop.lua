-- drop: removes a key that stands in the place of a job but cannot be one, or a member that stands for no job.
-- It leaves the zsets that hold all types, and those of `types`. A key that is no zset is passed over.
-- `id` is nil or false if the member is no zid: then there is no hash and no log to delete.
-- Needs: readable, unique, words.

local function drop(id, zid, types)
  if id then
    local unique = read_or_nil('HGET', key_job(id), 'py_unique')
    if unique ~= nil then free_unique(id, unique_of(id, unique)) end
    redis.call('DEL', key_job(id), key_log(id))
    erase_words(id)
  end
  redis.pcall('ZREM', key_jobs(), zid)
  for _, state in ipairs(all_states()) do
    redis.pcall('ZREM', key_state(state), zid)
    for _, type in ipairs(types) do redis.pcall('ZREM', key_type_state(type, state), zid) end
  end
end
