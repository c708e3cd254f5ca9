-- purge_surplus: one step that removes the oldest jobs of a type in a state, by id, until no more are left than asked.
-- The zset is in the order of priorities and then of ids. So the oldest are among the first of each priority.
-- No event is published, since nothing waits for a job that has ended.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    token of the lock; '' if the caller needs none
--          3    how long it then keeps the lock, in ms
--          4    type
--          5    state: complete or failed
--          6    how many jobs are kept
--          7    a moment in ms: jobs that changed after it stay, unless that is too late to be true
--          8    now, in ms
--          9... members of the oldest, if the caller had to look for them; some may have left meanwhile
-- Returns  {jobs removed, 0 or -1 (there is nothing left to do), members of broken jobs...}
--          {-1} if the lock is not held
--          {-2} if the jobs have too many priorities, or if most of the oldest stay since they changed later, so that
--          steps would look at the same ones in vain: the caller has to look for the oldest. Nothing was written.
-- Events   none
-- Shared   index purge

local MAX_PRIORITIES = 1000
local MAX_MERGED = 50 -- priorities
local MAX_READ = 500 -- members of these

local type, state, kept, moment = ARGV[4], ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])

if not has_turn(ARGV[2]) then return {-1} end
local step = new_step(type, state, tonumber(ARGV[8]))
local key = key_type_state(type, state)
local excess = redis.call('ZCARD', key) - kept
local surplus = math.min(excess, MAX_GONE) -- of this step

-- Something that is no zid comes first, so that it is dropped.
local function age(zid)
  return tonumber(id_of(zid) or 0)
end

local function is_older(one, other) return one.age < other.age end

-- The first member of each priority, the oldest first; nil if there are too many priorities.
local function heads()
  local found, score = {}, '-inf'
  while true do
    local head = redis.call('ZRANGEBYSCORE', key, '(' .. score, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
    if not head[1] then break end
    if #found == MAX_PRIORITIES then return nil end
    score = head[2]
    found[#found + 1] = {age = age(head[1]), score = score}
  end
  table.sort(found, is_older)
  return found
end

-- The oldest members, the oldest first: some at least, but all of them are older than every other one.
local function oldest(first)
  local merged = math.min(#first, MAX_MERGED)
  local size = math.min(surplus, math.ceil(MAX_READ / merged))
  local bound = first[merged + 1] and first[merged + 1].age or math.huge
  local found = {}
  for i = 1, merged do
    local page = redis.call('ZRANGEBYSCORE', key, first[i].score, first[i].score, 'LIMIT', 0, size)
    for _, zid in ipairs(page) do found[#found + 1] = {age = age(zid), zid = zid} end
    if #page == size then bound = math.min(bound, age(page[size]) + 1) end
  end
  table.sort(found, is_older)
  local members = {}
  for _, one in ipairs(found) do
    if one.age >= bound then break end
    members[#members + 1] = one.zid
  end
  return members
end

local members = {}
if surplus > 0 then
  for i = 9, #ARGV do
    if redis.call('ZSCORE', key, ARGV[i]) then members[#members + 1] = ARGV[i] end
  end
  if not ARGV[9] then
    local first = heads()
    if not first then return {-2} end
    members = oldest(first)
  end
end

local spared = 0
for i = 1, math.min(#members, excess) do -- what is newer is kept, however many of these stay
  if leaving(step) >= surplus or is_full(step) then break end
  local zid = members[i]
  local id, _, updated, unique, is_of_node = look_at(step, zid)
  local last = is_of_node and math.min(moment, step.now - NODE_WRITES_MS[state]) or moment
  local is_spared = updated and updated > last and not is_ahead(step, updated)
  if is_spared then
    spared = spared + 1
  elseif id then
    let_go(step, zid, id, unique)
  end
end
if not ARGV[9] and spared > leaving(step) and #members < excess and #step.broken == 0 then return {-2} end
local is_last = leaving(step) == 0 or leaving(step) >= excess
return end_step(step, ARGV[2], ARGV[3], is_last and -1 or 0)
