-- A step of GCRA. KEYS: the state, and what was said to this question. ARGV: now, interval, tolerance, by how much the
-- clocks of those who ask may differ (microseconds), how long the answer is remembered (milliseconds). Answers how many
-- more would be granted now, or, negative, the microseconds until the next one. Asked the same question again, it answers
-- the same and counts nothing.
local said = redis.call('GET', KEYS[2])
if said then return tonumber(said) end
local now, interval, tolerance = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local known = tonumber(redis.call('GET', KEYS[1]) or now)
local due = known
if known > now + tolerance + tonumber(ARGV[4]) then due = now + tolerance end
local function keep(due)
  redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000))
end
-- A clock that was set back must not be waited for.
if due < known and due > now then keep(due) end
due = math.max(now, due) + interval
local early = due - tolerance - now
local answer
if early > 0 then
  answer = -early
else
  keep(due)
  answer = math.floor(-early / interval)
end
redis.call('SET', KEYS[2], string.format('%.0f', answer), 'PX', ARGV[5])
return answer
