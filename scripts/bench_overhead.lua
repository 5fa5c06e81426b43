-- What a deployment costs besides its computing: one node over TCP, beside the same network without nodes, an inference of each in turn.
--
--   taskset -c 0 tessera script --timeout 600 scripts/bench_overhead.lua NETWORK INPUT [--transport tcp] [--runs 60]
--
-- On one core both have the same of the machine, and what changes from second to second counts for both.

local options = tessera.arguments({transport = "tcp", runs = 60}, arg)
assert(options[2], "expected a network and its input")
local net = tessera.network(options[1])
local input = tessera.image(options[2])
local name = next(net.inputs)
local deployment <close> = net:start{
  nodes = 1, strategy = "vertical", threads = 1, transport = options.transport, inputs = {[name] = input},
}

local function milliseconds(runner)
  local start = tessera.clock()
  runner:run(input)
  return (tessera.clock() - start) * 1000
end

local alone, deployed, differences = {}, {}, {}
for i = -2, options.runs do
  local a, b = milliseconds(net), milliseconds(deployment)
  if i > 0 then alone[i], deployed[i], differences[i] = a, b, b - a end
end

local function median(times)
  table.sort(times)
  return (times[(#times + 1) // 2] + times[#times // 2 + 1]) / 2
end

local base, more = median(alone), median(differences)
print(string.format("alone %.2f ms, deployed %.2f ms; the difference is %.2f ms, %.2f %%",
  base, median(deployed), more, 100 * more / base))
