-- change_flow: changes the pause and the limits of a type, or the pause of all types. The file `flow` explains them.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    type, or '' for all types
--          3... pairs of a part of the field and its new content. The parts are `until`, `concurrency`, `n` and `ms`;
--               an empty content takes one away. `until` is given in ms from now, or as `inf`.
-- Returns  {the field as it is now, or '' if nothing is set, Redis's time in ms}
-- Events   none

local NAMES = {['until'] = 1, concurrency = 2, n = 3, ms = 4}
local type = ARGV[2]

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local parts = {string.match(redis.call('HGET', key_flow(), type) or '', '^([^,]*),([^,]*),([^,]*),([^,]*)(.*)$')}
for i = 1, 5 do parts[i] = parts[i] or '' end -- the fifth is what a newer release may have added
redis.call('LLEN', key_rate(type))

local window
if parts[1] ~= 'inf' and (tonumber(parts[1]) or 0) <= now then parts[1] = '' end
for i = 3, #ARGV, 2 do
  local content = ARGV[i + 1]
  if ARGV[i] == 'until' and tonumber(content) and content ~= 'inf' then
    content = string.format('%.0f', now + tonumber(content))
  end
  if ARGV[i] == 'ms' then window = tonumber(content) end
  parts[NAMES[ARGV[i]]] = content
end

local field = table.concat(parts, ',', 1, 4) .. parts[5]
if field == ',,,' then
  redis.call('HDEL', key_flow(), type)
  field = ''
else
  redis.call('HSET', key_flow(), type, field)
end
if parts[3] == '' then
  redis.call('DEL', key_rate(type))
elseif window then -- each start counts for so long now, also those that were noted under the rate before
  redis.call('PEXPIRE', key_rate(type), string.format('%.0f', window + 1))
end
return {field, string.format('%.0f', now)}
