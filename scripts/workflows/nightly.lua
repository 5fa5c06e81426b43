-- A nightly regression: runs networks, compares what they compute and how long they take with the last time, and draws the course.
--
--   tessera script scripts/workflows/nightly.lua FOLDER NETWORK … [--slower 1.5]
--
-- FOLDER keeps results.json and times.svg. Fails if a result is another one, or a network takes more than --slower times what it did.

local options = tessera.arguments({slower = 1.5}, arg)
local folder = assert(options[1], "expected a folder and networks")
tessera.mkdir(folder)
local ok, known = pcall(tessera.json.load, folder .. "/results.json")
local results = ok and known or {}

local problems = {}
for i = 2, #options do
  local net = tessera.network(options[i])
  local inputs = {}
  for name, shape in pairs(net.inputs) do
    for axis, size in ipairs(shape) do shape[axis] = math.tointeger(size) or (axis == 1 and 1 or 64) end
    inputs[name] = tessera.tensor{shape = shape, random = 1}
  end
  local out = net:run(inputs)
  local sums = {}
  for name, tensor in pairs(type(out) == "table" and out or {output = out}) do sums[name] = tensor:sum() end
  local shapes = {}
  for name, tensor in pairs(inputs) do shapes[name] = tensor:shape() end
  local milliseconds = net:bench{seconds = 0.2, inputs = shapes}.median_ms

  local before = results[net.name] or {times = {}}
  for name, sum in pairs(before.sums or {}) do
    if sums[name] ~= sum then problems[#problems + 1] = string.format("%s: %s was %s, is %s", net.name, name, sum, sums[name]) end
  end
  local last = before.times[#before.times]
  if last and milliseconds > options.slower * last then
    problems[#problems + 1] = string.format("%s: took %.3f ms, takes %.3f ms", net.name, last, milliseconds)
  end
  before.times[#before.times + 1] = milliseconds
  results[net.name] = {times = before.times, sums = before.sums or sums}
  print(string.format("%-20s %8.3f ms, run %d", net.name, milliseconds, #before.times))
end

local curves = {}
for name, result in pairs(results) do
  curves[name] = {}
  for run, milliseconds in ipairs(result.times) do curves[name][run] = {run, milliseconds} end
end
tessera.json.save(results, folder .. "/results.json")
tessera.plot{path = folder .. "/times.svg", title = "milliseconds an inference", x = "run", curves = curves}
assert(#problems == 0, table.concat(problems, "\n"))
