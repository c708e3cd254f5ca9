-- announce: publishes an event as Kue does. `rest` is the further arguments as JSON, each with a comma before it.

local function announce(id, event, rest)
  redis.call('PUBLISH', key_events(),
    '{"id":' .. id .. ',"event":"' .. event .. '","args":["' .. event .. '"' .. rest .. ']}')
end
