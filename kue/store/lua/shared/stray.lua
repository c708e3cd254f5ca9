-- stray: why a member of a zset of jobs has no business there: 'no zid', 'no job' or 'other type', and the type it has.
-- `type` is that of the zset, '' where it holds all types. Nothing where the member may stay.
-- Needs: index.

local function stray(key, member, type)
  if not redis.call('ZSCORE', key, member) then return nil end
  local id = id_of(member)
  if not id then return 'no zid', '' end
  local held = redis.pcall('HGET', key_job(id), 'type')
  if held and held.err then return nil end
  if not held then
    if redis.call('EXISTS', key_job(id)) == 0 then return 'no job', '' end
  elseif type ~= '' and held ~= '' and held ~= type then
    return 'other type', held
  end
  return nil
end
