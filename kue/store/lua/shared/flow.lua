-- flow: how many jobs of a type may start now, by what `queue.pause` and `queue.limit` have set for all processes.
-- A field of the hash is `until,concurrency,n,ms`. Its name is a type, or '' for all types. Until then it is paused
-- (`inf`: until it is resumed). So many of its jobs may be active, and in any ms at most n may start. An empty part
-- limits nothing. All times are by Redis's own clock.
-- Needs: number.

-- How many of the jobs asked for may start, by the fields for all types and for this one. If that is fewer, the second
-- result says for how long: -ms, or `full` if as many are active as may be. The third is the rate, if there is one, for
-- `count_starts`. The fourth is a list of the fields that hold nothing any more, since their pause is over.
-- The functions within this one cost nothing while nothing is set.
local function places_left(type, asked, all, own)
  local MAX_REST = 1000 -- ms, after which every process has seen a change
  local SHORT_REST = 50 -- ms that a process may wait for more than one place, so that a fleet asks less often
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)

  -- How many ms a pause still lasts; 0 if there is none.
  local function pause_left(field)
    local ends = string.match(field or '', '^[^,]*')
    if ends == 'inf' then return MAX_REST end
    return math.max(0, (to_number(ends) or 0) - now)
  end

  -- A limit; nil if there is none, or more digits than a number holds exactly.
  local function whole(digits)
    return digits and #digits <= 16 and to_number(digits) or nil
  end

  -- How many of the wanted starts a rate allows, and how many ms to rest if that is fewer than wanted.
  -- The list has the newest start first. In any `ms` there are at most `n` if a start counts for so long, and for one
  -- ms more, since the time of the first was cut to whole ms. One later than `ms` from now was noted before the clock
  -- was set back, and does not count: the type might stand still for days.
  local function starts_left(wanted, n, ms)
    local starts, oldest, latest = key_rate(type), now - ms, now + ms
    local function counted(place)
      local start = to_number(redis.call('LRANGE', starts, place, place)[1])
      return start and start >= oldest and start <= latest and start
    end
    local most = math.min(wanted, n)
    local last = counted(n - most)
    if not last then return most, ms + 1 end
    local low, high = n - most, n
    while high - low > 1 do
      local middle = math.floor((low + high) / 2)
      if counted(middle) then low = middle else high = middle end
    end
    local until_one, until_all = counted(low) - oldest + 1, last - oldest + 1
    return n - high, math.max(until_one, math.min(until_all, SHORT_REST))
  end

  local pause = math.max(pause_left(all), pause_left(own))
  if pause > 0 then return 0, -math.min(pause, MAX_REST) end
  local over = {}
  if string.match(all or '', '^%d+,,,$') then over[1] = '' end
  if string.match(own or '', '^%d+,,,$') then over[#over + 1] = type end
  local concurrency, n, ms = string.match(own or '', '^[^,]*,(%d*),(%d*),(%d*)')
  concurrency, n, ms = whole(concurrency), whole(n), whole(ms)
  local places, why = asked, nil
  if concurrency then
    local free = concurrency - redis.call('ZCARD', key_type_state(type, 'active'))
    if free < places then places, why = math.max(0, free), 'full' end
  end
  if not (n and ms) then return places, why, nil, over end
  local left, rest = starts_left(places, n, ms)
  if left < places then places, why = left, -math.min(rest, MAX_REST) end
  return places, why, {n = n, ms = ms, now = now}, over
end

local function count_starts(type, count, rate)
  local starts = {}
  for i = 1, count do starts[i] = string.format('%.0f', rate.now) end
  redis.call('LPUSH', key_rate(type), unpack(starts))
  redis.call('LTRIM', key_rate(type), 0, rate.n - 1)
  redis.call('PEXPIRE', key_rate(type), string.format('%.0f', rate.ms + 1))
end
