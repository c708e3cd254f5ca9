-- restore_stuck: queues a stuck job: its hash says inactive, it is in P:jobs:inactive, but in no zset of a type.
-- A Node worker leaves a job like this if it dies between popping it and making it active.
-- Another process may have seen the job stuck too. The new updated_at keeps it from queueing the job a second time.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
--          2    id
--          3    updated_at when the job was first seen so
--          4    now, in ms
-- Returns  1, or 0 if the job is not stuck any more
-- Events   enqueue
-- Shared   number index check enqueue unique

local id = ARGV[2]

local zid = zid_of(id)
local held = redis.call('HMGET', key_job(id), 'type', 'state', 'priority', 'updated_at', 'py_unique')
if not held[1] or held[2] ~= 'inactive' or (held[4] or '') ~= ARGV[3] then return 0 end
if redis.call('ZSCORE', key_type_state(held[1], 'inactive'), zid) then return 0 end
if not redis.call('ZSCORE', key_state('inactive'), zid) then return 0 end
check_tokens(held[1])
redis.call('HSET', key_job(id), 'updated_at', ARGV[4])
retake_unique(id, held[5])
enqueue(id, held[1], cjson.encode(held[1]), zid, to_number(held[3]) or 0)
return 1
