-- words: the full-text index, as Node has it. For each code of a word there is a zset of job ids, and for each job one
-- of codes. The scores of both say how often the word occurs.
-- `list` holds from the place `first` to `last` each code, then its score. An empty score takes the word away.
-- Needs: readable.

local MAX_WORDS = 1000 -- that a script takes away, so that it does not keep Redis from others for long

local words_left = MAX_WORDS

-- For a script that writes words. Returns an error that names a key of the wrong kind, if there is one.
local function check_words(id, list, first, last)
  for i = first - 2, last, 2 do
    local key = i < first and key_search_object(id) or key_search_word(list[i])
    local size = redis.pcall('ZCARD', key)
    if type(size) == 'table' then return redis.error_reply(tostring(size.err) .. ': ' .. key) end
  end
end

local function write_words(id, list, first, last)
  local added, gone = {}, {}
  for i = first, last, 2 do
    local code, score = list[i], list[i + 1]
    if score == '' then
      redis.call('ZREM', key_search_word(code), id)
      gone[#gone + 1] = code
    else
      redis.call('ZADD', key_search_word(code), score, id)
      added[#added + 1] = score
      added[#added + 1] = code
    end
  end
  if #added > 0 then redis.call('ZADD', key_search_object(id), unpack(added)) end
  if #gone > 0 then redis.call('ZREM', key_search_object(id), unpack(gone)) end
end

-- Takes words of a job away, as many as the script still may. Returns whether none is left. A key of another kind holds
-- no words: the job goes all the same, and the doctor reports the key.
local function take_words_away(id)
  local object = key_search_object(id)
  local codes = read_or_nil('ZRANGE', object, 0, words_left)
  if not codes then return true end
  local is_last = #codes <= words_left
  if not is_last then codes[#codes] = nil end
  words_left = words_left - #codes
  for _, code in ipairs(codes) do redis.pcall('ZREM', key_search_word(code), id) end
  if #codes > 0 then redis.call('ZREM', object, unpack(codes)) end
  return is_last
end

-- For a job that goes, whatever the options of the process are that removes it. If there are too many words, a periodic
-- duty takes them away later.
local function erase_words(id)
  if redis.call('EXISTS', key_search_object(id)) == 0 then return end
  local size = read_or_nil('ZCARD', key_search_object(id))
  if size and size > words_left then
    redis.pcall('SADD', key_unindex(), id)
  else
    take_words_away(id)
  end
end

-- The words of a job are to be written, by the process that has this token. `search_keys` is '' if all of the data
-- counts.
local function mark_unindexed(id, token, search_keys)
  redis.call('HSET', key_job(id), 'py_reindex', token)
  if search_keys == '' then
    redis.call('HDEL', key_job(id), 'py_search_keys')
  else
    redis.call('HSET', key_job(id), 'py_search_keys', search_keys)
  end
end
