-- stamp: the key of a message that tells its job from another one of the same number: when the job was created.
-- The result is empty if the hash does not hold a whole number, since bad JSON ends every Node process that listens.

local MAX_DIGITS = 16

local function is_moment(created_at)
  return created_at and #created_at <= MAX_DIGITS and string.find(created_at, '^[1-9]%d*$') ~= nil
end

local function stamp(created_at)
  return is_moment(created_at) and ',"created_at":' .. created_at or ''
end
