-- effects: carries out what a run reported on the way. Effects are triples (kind, a, b) in ARGV, from `first` to `last`:
--   log, line, ''           a line for the job's log
--   set, field, value       a field of the hash
--   publish, message, ''    a whole message for the channel
--   touch, '', ''           pushes the deadline of an active job with a ttl
-- In two halves, since Redis refuses a script at its first write or not at all: what is refused must not have been told.
-- Needs: number, index, deadline, append_log.
local function write_effects(id, job, first, last, now, state, ttl, priority, worker)
  local has_deadline = state == 'active' and (to_number(ttl) or 0) > 0
  if has_deadline then redis.call('ZCARD', key_state('active')) end -- raises here, before the first write, what would raise below
  local touched = false
  for i = first, last, 3 do
    local kind = ARGV[i]
    if kind == 'log' then
      append_log(id, ARGV[i + 1])
    elseif kind == 'set' then
      redis.call('HSET', job, ARGV[i + 1], ARGV[i + 2])
    elseif kind == 'touch' then
      touched = true
    end
  end
  if touched and has_deadline then
    redis.call('ZADD', key_state('active'), active_score(now, ttl, priority, worker), zid_of(id))
  end
end

local function publish_effects(first, last)
  for i = first, last, 3 do
    if ARGV[i] == 'publish' then redis.call('PUBLISH', key_events(), ARGV[i + 1]) end
  end
end
