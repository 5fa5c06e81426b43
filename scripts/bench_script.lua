-- What calls from a script cost, and what running and planning networks from one takes over the same without.
--
--   taskset -c 0 tessera script --timeout 900 scripts/bench_script.lua [--calls 200000] [--rounds 15] [--networks configs/networks]
--
-- Prints for each call the median of its time in microseconds, less that of an empty loop: a binding should cost at most one beyond its
-- work. Then, for networks, medians in milliseconds and the median of the ratios of measurements that follow each other.

local options = tessera.arguments({calls = 200000, rounds = 15, networks = "configs/networks"}, arg)
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

local function median(numbers)
  table.sort(numbers)
  return numbers[(#numbers + 1) // 2]
end

-- The median of what is measured in every round.
local function rounds(measure)
  local results = {}
  for round = 1, options.rounds do results[round] = measure() end
  return median(results)
end

local empty = rounds(function() return seconds(function(n) for _ = 1, n do local _ = t end end) end)
for _, call in ipairs(calls) do
  local time = rounds(function() return seconds(call[2]) end)
  print(string.format("%-16s %8.3f us", call[1], (time - empty) / options.calls * 1e6))
end

-- The milliseconds of one call.
local function milliseconds(body)
  local start = tessera.clock()
  body()
  return (tessera.clock() - start) * 1000
end

-- Two measurements in turn, which what changes from second to second meets alike.
local function compare(what, base, other)
  local bases, others, ratios = {}, {}, {}
  for round = 0, options.rounds do
    local a, b = base(), other()
    -- The first round is to get warm.
    if round > 0 then bases[round], others[round], ratios[round] = a, b, b / a end
  end
  print(string.format("%-40s %8.3f ms, %8.3f ms, ratio %.3f", what, median(bases), median(others), median(ratios)))
end

-- Cuts as `vertical` does where the last convolution keeps the size of its input.
tessera.register.partition_strategy("rows", function(span, nodes, choice)
  for _, cut in ipairs(span.cut_points) do
    if cut.name == choice.output then
      local tiles = {}
      for node, rows in ipairs(tessera.divide(cut.shape[3], nodes)) do tiles[node] = {node = node, rows = rows} end
      return {{output = cut.name, tiles = tiles}}
    end
  end
end, {options = {output = {default = "", summary = "where the span ends"}}})

local function network(name)
  return tessera.network(options.networks .. "/" .. name .. ".yaml", {weights = {random = 1}})
end

for _, name in ipairs{"resnet20", "mobilenet_v2", "resnet50"} do
  local net = network(name)
  local input = next(net.inputs)
  local shape = net.inputs[input]
  shape[1] = 1
  local x = tessera.tensor{shape = shape, random = 1}
  compare(name .. ": net:bench, net:run",
    function() return net:bench{seconds = 0.5}.median_ms end,
    function()
      local times = {}
      local start = tessera.clock()
      while tessera.clock() - start < 0.5 do times[#times + 1] = milliseconds(function() net:run(x) end) end
      return median(times)
    end)
end

for _, name in ipairs{"vgg16", "resnet50"} do
  local net = network(name)
  local plan = net:plan{nodes = 4, strategy = "vertical"}
  local own = {nodes = 4, strategy = "rows", output = plan.stages[1].output}
  for node, tile in ipairs(net:plan(own).stages[1].tiles) do
    local rows = plan.stages[1].tiles[node].region[3]
    assert(tile.region[3][1] == rows[1] and tile.region[3][2] == rows[2], name)
  end
  compare(name .. ", a plan: vertical, the same in Lua",
    function() return milliseconds(function() net:plan{nodes = 4, strategy = "vertical"} end) end,
    function() return milliseconds(function() net:plan(own) end) end)
end
