-- declare_schedule: writes what a program says of a schedule.
-- If `when`, `tz` and `start` are as before, it keeps its next time, its counters and whether it is paused: programs
-- declare their schedules at each start, many at once. If these differ it starts anew, but stays paused if it was.
-- It still knows its last jobs: these may run yet, and a time that had its job must not be due again.
-- A schedule that was over goes on if what was written before allows no more jobs, and this does.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    name
--          3    next time if it starts anew, in ms; '' if there is none
--          4    first time of its interval if it starts anew, in ms
--          5... fields of its hash and their values, `digest` among them, which differs if any other does
-- Returns  {next time, {field, value, ...}}; the time of its last job, as text, if argument 3 is not after it
-- Events   none
-- Shared   schedule

local name, due = ARGV[2], ARGV[3]

local given = {}
for i = 5, #ARGV, 2 do given[ARGV[i]] = ARGV[i + 1] end
local held, score = read_schedule(name), due_of(name)
if held and score and held.digest == given.digest then return show_schedule(name) end

given.first = ARGV[4]
if held then
  for _, field in ipairs({'paused', 'last_at', 'last_job_id', 'last_fired_id', 'last_triggered_id'}) do
    given[field] = held[field]
  end
  if held.when == given.when and held.tz == given.tz and held.start == given.start then
    given.fired, given.skipped = held.fired, held.skipped
    if score and score < math.huge then
      given.first, due = held.first, string.format('%.0f', score)
    elseif held.paused then
      given.first = held.first
    end
  end
end
if given.paused or is_over(given, due) then due = '+inf' end
if due == ARGV[3] and tonumber(due) <= (tonumber(given.last_at) or 0) then return given.last_at end

local flat = {}
for field, value in pairs(given) do
  flat[#flat + 1] = field
  flat[#flat + 1] = value
end
redis.call('ZADD', key_schedules(), due, name) -- first, since Redis refuses it if it has no memory
redis.call('DEL', key_schedule(name))
redis.call('HSET', key_schedule(name), unpack(flat))
return show_schedule(name)
