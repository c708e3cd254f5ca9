-- purge_old: one step of a walk that removes the jobs of a type that ended up to a moment.
-- There is no index by that moment. But the zset is in the order of priorities and then of ids, and a job cannot have
-- ended before it was created. So the walk begins at the lowest id of each priority. It passes a job that was created
-- before the moment and ended later, and leaves a priority once many jobs in a row were created later.
-- The next step goes on by the number of jobs that were passed. A member to go on behind may be gone by then.
-- No event is published, since nothing waits for a job that has ended.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    token of the lock; '' if the caller needs none
--          3    how long it then keeps the lock, in ms
--          4    type
--          5    state: complete or failed
--          6    how many jobs the walk has passed
--          7    the moment, in ms
--          8    now, in ms
-- Returns  {jobs removed, jobs passed so far (-1: the walk is over), members of broken jobs...}
--          {-1} if the lock is not held
-- Events   none
-- Shared   ended purge

local PAGE = 50
local MAX_LATER = 50 -- in a row: the clocks of producers differ, so that ids are only about in the order of time
local MAX_LOOKS = 250 -- in a step

local type, state, passed, moment = ARGV[4], ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])

if not has_turn(ARGV[2]) then return {-1} end
local step = new_step(type, state, tonumber(ARGV[8]))
local key = key_type_state(type, state)
local priority, later

-- Passes a job. Returns whether it is time to leave its priority. A job of a clock that was wrong says nothing about
-- those behind it.
local function pass(score, created)
  passed = passed + 1
  if score ~= priority then priority, later = score, 0 end
  if created and not is_ahead(step, created) then later = created > moment and later + 1 or 0 end
  return later == MAX_LATER
end

local looks, is_done = 0, false
while not is_done and looks < MAX_LOOKS and not is_full(step) do
  local start = passed + leaving(step)
  local page = redis.call('ZRANGE', key, start, start + PAGE - 1, 'WITHSCORES')
  local i, leaves = 1, false
  while page[i] and not leaves and not is_full(step) do
    local id, created, updated, unique, is_of_node = look_at(step, page[i])
    local last = is_of_node and math.min(moment, step.now - NODE_WRITES_MS[state]) or moment
    if id and (created or 0) <= moment and had_ended(id, state, updated, last) then
      let_go(step, page[i], id, unique)
      later = 0
    elseif id then
      leaves = pass(page[i + 1], created)
    end
    i = i + 2
  end
  looks = looks + PAGE
  is_done = #page < 2 * PAGE and not page[i]
  if leaves then
    passed, is_done = redis.call('ZCOUNT', key, '-inf', priority) - leaving(step), false
  end
end
return end_step(step, ARGV[2], ARGV[3], is_done and -1 or passed)
