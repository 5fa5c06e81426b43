-- Shows what half precision does to a network with a large running variance: as it is written it breaks, folded it holds.
--
--   tessera script scripts/workflows/half_precision.lua [NETWORK]
--
-- Without arguments it takes a small network whose batch normalization has variances of 70,000 to 120,000, above the 65504 that IEEE
-- binary16 can hold.

local arg = tessera.arguments({}, arg)
local path = arg[1] or "scripts/workflows/half_precision.yaml"
local net = tessera.network(path)
print(net)

local inputs = {}
for name, shape in pairs(net.inputs) do
  for axis, size in ipairs(shape) do shape[axis] = math.type(size) and size or size == "batch" and 1 or 64 end
  inputs[name] = tessera.tensor{shape = shape, random = 1}
end

-- The inputs, and how to run the network on them.
local function run(options)
  local all = {}
  for name, value in pairs(inputs) do all[name] = value end
  for name, value in pairs(options) do all[name] = value end
  return net:run(all)
end

-- The largest difference, over the largest number.
local function difference(a, b)
  local largest = 0
  for _, value in ipairs(b:values()) do largest = math.max(largest, math.abs(value)) end
  return a:difference(b) / largest
end

print("what half precision cannot hold:")
for _, as in ipairs{{"as it is written", false}, {"folded", true}} do
  local found = 0
  for _, layer in ipairs(net:ranges{calibrate = {inputs}, fold = as[2]}) do
    if layer.verdict == "overflow" then
      found = found + 1
      print(string.format("  %s: %s (%s), variance %g, largest activation %g", as[1], layer.name, layer.kind,
        layer.variance or 0, layer.activation))
    end
  end
  if found == 0 then print("  " .. as[1] .. ": nothing") end
end

local exact = run{}
local broken = difference(run{precision = "f16", fold = false}, exact)
local folded = difference(run{precision = "f16"}, exact)
print(string.format("largest difference from f32: %.3g as it is written, %.3g folded", broken, folded))
if not arg[1] then
  assert(broken > 0.1, "expected half precision to break the network as it is written")
  assert(folded < 0.01, "expected half precision to hold in the folded network")
end
