-- announce: publishes an event in the form that Kue uses.
-- `rest` is the further arguments of the event as JSON, each with a comma before it.

local function announce(id, event, rest)
  redis.call('PUBLISH', key_events(),
    '{"id":' .. id .. ',"event":"' .. event .. '","args":["' .. event .. '"' .. rest .. ']}')
end
