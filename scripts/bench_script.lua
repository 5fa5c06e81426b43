-- What calls from a script cost: the time of a call, less that of an empty loop.
--
--   taskset -c 0 tessera script scripts/bench_script.lua [--calls 200000] [--rounds 7]
--
-- Prints the median of the rounds for each, in microseconds. A binding should cost at most one beyond its work.

local options = tessera.arguments({calls = 200000, rounds = 7}, arg)
local t = tessera.tensor{values = {{1, 2, 3}, {4, 5, 6}}}
local calls = {
  {"tessera.clock()", function(n) for _ = 1, n do tessera.clock() end end},
  {"t.type", function(n) for _ = 1, n do local _ = t.type end end},
  {"#t", function(n) for _ = 1, n do local _ = #t end end},
  {"t:get(2, 3)", function(n) for _ = 1, n do t:get(2, 3) end end},
  {"t[2]", function(n) for _ = 1, n do local _ = t[2] end end},
  {"t:sum()", function(n) for _ = 1, n do t:sum() end end},
  {"t:max(1)", function(n) for _ = 1, n do t:max(1) end end},
  {"t + t", function(n) for _ = 1, n do local _ = t + t end end},
}

local function seconds(body)
  local start = tessera.clock()
  body(options.calls)
  return tessera.clock() - start
end

local function median(body)
  local times = {}
  for round = 1, options.rounds do times[round] = seconds(body) end
  table.sort(times)
  return times[(#times + 1) // 2]
end

local empty = median(function(n) for _ = 1, n do local _ = t end end)
for _, call in ipairs(calls) do
  print(string.format("%-16s %8.3f us", call[1], (median(call[2]) - empty) / options.calls * 1e6))
end
