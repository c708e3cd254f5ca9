-- enqueue: a job becomes inactive: it waits in both zsets, a token calls a worker, and an event says so. The script has
-- written the hash.
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

-- For many jobs of one type: `entries` is {priority, zid, ...}, and `tokens` has one for each. The script announces each.
local function enqueue_many(type, entries, tokens)
  enter_many('inactive', type, entries, entries)
  redis.call('LPUSH', key_tokens(type), unpack(tokens))
end
