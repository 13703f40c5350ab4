-- Gives back what a step of GCRA (gcra.lua) took. KEYS: the state, and what was said to the question that took it. ARGV:
-- now, interval, when it was taken, the longest time since then (microseconds), how long it is remembered (milliseconds).
-- Answers whether there was something to be given back; asked again, there is nothing.
local said = tonumber(redis.call('GET', KEYS[2]) or -1)
if said < 0 then return 0 end
redis.call('SET', KEYS[2], '-1', 'PX', ARGV[5])
local now, interval, taken = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local passed = math.max(0, now - taken)
local known = tonumber(redis.call('GET', KEYS[1]) or now)
if passed > tonumber(ARGV[4]) then return 0 end
local due = known - math.max(0, interval - passed)
if due > now then
  redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000))
else
  redis.call('DEL', KEYS[1])
end
return 1
