-- versions: which versions of kue work under the prefix, from the records of the processes that are alive. Reads only.
--
-- KEYS     1  P:jobs; in a cluster it selects the slot, and every other key is in the same one
-- ARGV     1    prefix
-- Returns  {{version ('' if a process has no record), how many processes, ...}, {processes with a higher protocol}}
-- Events   none
-- Shared   readable lease protocol

local now, counts, order, newer = redis_now(), {}, {}, {}
local leases = redis.call('ZRANGEBYSCORE', key_leases(), '-inf', '+inf', 'WITHSCORES')
for i = 1, #leases, 2 do
  local process = leases[i]
  if tonumber(leases[i + 1]) > now then
    local version = read_or_nil('HGET', key_worker(process), 'version') or ''
    if not counts[version] then order[#order + 1] = version end
    counts[version] = (counts[version] or 0) + 1
  end
  if is_newer(process) then newer[#newer + 1] = process end
end
local answer = {}
for i, version in ipairs(order) do
  answer[2 * i - 1] = version
  answer[2 * i] = counts[version]
end
return {answer, newer}
