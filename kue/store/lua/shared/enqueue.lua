-- enqueue: a job becomes inactive. It enters both zsets, a token wakes a worker, and `enqueue` is published.
-- The script has written the hash.
-- Needs: index, announce.

-- For a job that is in both zsets already.
local function enqueue_filed(id, type, type_json)
  redis.call('LPUSH', key_tokens(type), 1)
  announce(id, 'enqueue', ',' .. type_json)
end

local function enqueue(id, type, type_json, zid, priority)
  enter('inactive', type, zid, priority, priority)
  enqueue_filed(id, type, type_json)
end

-- For many jobs of one type; their script publishes the events. `entries` is {priority, zid, ...}, and `tokens` holds
-- one token for each job.
local function enqueue_many(type, entries, tokens)
  enter_many('inactive', type, entries, entries)
  redis.call('LPUSH', key_tokens(type), unpack(tokens))
end
