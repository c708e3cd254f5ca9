-- enqueue: the last half of every transition to inactive: both zsets, one token, the event.
-- Needs: index, announce.

local function enqueue(id, type, type_json, zid, priority)
  enter('inactive', type, zid, priority, priority)
  redis.call('LPUSH', key_tokens(type), 1)
  announce(id, 'enqueue', ',' .. type_json)
end
