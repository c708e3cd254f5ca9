-- oldest_wait: how many jobs of a type wait, and for how long the first ones of each priority have waited. Reads only.
-- It looks at the first job of each of the 16 most urgent priorities.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    type; '' for all types
-- Returns  {how many wait, when the one that waits longest was due (ms), or '' if that is not known}
-- Events   none
-- Shared   number index readable

local MAX_PRIORITIES = 16

local time = redis.pcall('TIME') -- which a reader need not have the right to
local now = time.err and math.huge or time[1] * 1000 + math.floor(time[2] / 1000)
local key = ARGV[2] == '' and key_state('inactive') or key_type_state(ARGV[2], 'inactive')
local oldest, above = nil, '-inf'
for _ = 1, MAX_PRIORITIES do
  local first = redis.call('ZRANGEBYSCORE', key, above, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if not first[1] then break end
  local id = id_of(first[1])
  local held = id and read_or_nil('HMGET', key_job(id), 'created_at', 'promote_at', 'started_at', 'failed_at',
    'updated_at') or {}
  local due = to_number(held[2]) or to_number(held[1])
  local ended = math.max(to_number(held[3]) or 0, to_number(held[4]) or 0)
  -- One that has ended was restarted, and one that is not due yet was queued before its time.
  if ended > 0 and not (due and due > ended) or due and due > now then due = to_number(held[5]) end
  if due and (not oldest or due < oldest) then oldest = due end
  above = '(' .. first[2]
end
return {redis.call('ZCARD', key), oldest and string.format('%.0f', oldest) or ''}
