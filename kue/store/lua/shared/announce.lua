-- announce: publishes an event in the form that Kue uses.
-- `rest` is the further arguments of the event as JSON, each with a comma before it. `more` is the further keys of the
-- message, each with a comma before it, such as those of `stamp`. They stand behind `args`, and Node ignores them.

local function announce(id, event, rest, more)
  local tail = more and ']' .. more .. '}' or ']}'
  redis.call('PUBLISH', key_events(),
    '{"id":' .. id .. ',"event":"' .. event .. '","args":["' .. event .. '"' .. rest .. tail)
end
