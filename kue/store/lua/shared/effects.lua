-- effects: carries out the effects of a run or of another caller: what it reports, and what it changes.
-- They are in ARGV from `first` to `last`, three arguments each:
--   log, line, ''         adds a line to the log of the job
--   set, field, value     sets a field of the hash
--   option, field, value  sets the field of an option, or removes it if the value is ''
--   publish, message, ''  publishes a whole message
--   touch, '', ''         moves the deadline of an active job, if it has a ttl: the one among the options, else its own
-- A script calls write_effects before its own writes and publish_effects after them. Redis without free memory
-- refuses a script at its first write, and a script that is refused must not have published anything.
-- Needs: number, index, deadline, append_log, options.

local function write_effects(id, job, first, last, now, state, ttl, priority, worker)
  local touched, has_deadline = false, false
  if state == 'active' then
    has_deadline = (to_number(ttl) or 0) > 0
    for i = first, last, 3 do
      if ARGV[i] == 'touch' then
        touched = true
      elseif ARGV[i] == 'option' and ARGV[i + 1] == 'ttl' then
        ttl, has_deadline = ARGV[i + 2], true -- without a ttl any more, too, the score changes
      end
    end
  end
  local moves = touched and has_deadline
  if moves then redis.call('ZCARD', key_state('active')) end -- a wrong kind raises here, before the first write
  for i = first, last, 3 do
    local kind = ARGV[i]
    if kind == 'log' then
      append_log(id, ARGV[i + 1])
    elseif kind == 'set' then
      redis.call('HSET', job, ARGV[i + 1], ARGV[i + 2])
    elseif kind == 'option' then
      write_option(id, job, ARGV[i + 1], ARGV[i + 2])
    end
  end
  if moves then
    redis.call('ZADD', key_state('active'), active_score(now, ttl, priority, worker), zid_of(id))
  end
end

local function publish_effects(first, last)
  for i = first, last, 3 do
    if ARGV[i] == 'publish' then redis.call('PUBLISH', key_events(), ARGV[i + 1]) end
  end
end
