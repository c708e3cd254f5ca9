-- stray: why a member does not belong in a zset of jobs ('no zid', 'no job' or 'other type'), and its job's type.
-- The result is nil if the member belongs there. `type` is the type of the zset, '' if it holds all types.
-- Needs: index, readable.

local function stray(key, member, type)
  if not redis.call('ZSCORE', key, member) then return nil end
  local id = id_of(member)
  if not id then return 'no zid', '' end
  local held = read_or_nil('HGET', key_job(id), 'type')
  if held == nil then return nil end
  if not held then
    if redis.call('EXISTS', key_job(id)) == 0 then return 'no job', '' end
  elseif type ~= '' and held ~= '' and held ~= type then
    return 'other type', held
  end
  return nil
end
