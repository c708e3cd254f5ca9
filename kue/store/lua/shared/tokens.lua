-- tokens: takes away the tokens of jobs that wait no more. One stays for each job of the type that waits.
-- A token without a job does no harm, but it wakes a worker for nothing, and many keep workers busy for minutes.

-- `counts` is how many jobs of each type have left `inactive`.
local function drop_tokens(counts)
  for type, count in pairs(counts) do
    local surplus = redis.call('LLEN', key_tokens(type)) - redis.call('ZCARD', key_type_state(type, 'inactive'))
    if surplus > 0 then redis.call('LTRIM', key_tokens(type), math.min(surplus, count), -1) end
  end
end
