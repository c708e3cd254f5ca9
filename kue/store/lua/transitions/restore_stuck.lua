-- restore_stuck: puts back a job that says inactive, is in P:jobs:inactive, and is in no type's set, as a Node worker
-- leaves it that dies between popping it and making it active.
-- KEYS  1 every job
-- ARGV  1 prefix, 2 id, 3 updated_at as it was when first seen so, 4 now
-- Returns  1, or 0 where the job is not so any more
-- Events  enqueue
-- It counts as touched, so that who has seen it stuck as well does not put it back a second time when it was taken since.
-- Shared  number index check enqueue

local P, id = ARGV[1], ARGV[2]

local zid = zid_of(id)
local held = redis.call('HMGET', key_job(id), 'type', 'state', 'priority', 'updated_at')
if not held[1] or held[2] ~= 'inactive' or (held[4] or '') ~= ARGV[3] then return 0 end
if redis.call('ZSCORE', key_type_state(held[1], 'inactive'), zid) then return 0 end
if not redis.call('ZSCORE', key_state('inactive'), zid) then return 0 end
check_tokens(held[1])
redis.call('HSET', key_job(id), 'updated_at', ARGV[4])
enqueue(id, held[1], cjson.encode(held[1]), zid, to_number(held[3]) or 0)
return 1
