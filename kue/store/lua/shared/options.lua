-- options: options of a job that change together with something else: an update, a new state, the outcome of a run.
-- Each is an effect: option, field of the hash, its new content ('' removes the field).
-- A script asks for them before its first write, since they decide what it does: a new priority is the score of the
-- zsets that the job enters.
-- Needs: check, index.

-- The new contents by field, or nil if no option changes. A key that will be written and is of the wrong kind raises.
local function changed_options(first, last)
  local changed
  for i = first, last, 3 do
    if ARGV[i] == 'option' then
      changed = changed or {}
      changed[ARGV[i + 1]] = ARGV[i + 2]
    end
  end
  if changed and changed.priority then check_jobs() end
  return changed
end

local function write_option(id, job, field, content)
  if content == '' then
    redis.call('HDEL', job, field)
  else
    redis.call('HSET', job, field, content)
  end
  if field == 'priority' then redis.call('ZADD', key_jobs(), content, zid_of(id)) end
end
