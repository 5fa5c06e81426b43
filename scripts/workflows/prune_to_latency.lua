-- Prunes a network until an inference takes so many milliseconds, and draws what the network lost on the way.
--
--   tessera script scripts/workflows/prune_to_latency.lua [NETWORK [--milliseconds 1] [--part 0.8] [--batch 1] [--folder OUT]]
--
-- Without --milliseconds, the target is a part of what the network takes now: four fifths, or --part.

local options = tessera.arguments({milliseconds = 0.0, part = 0.8, batch = 1, folder = ""}, arg)
local net = tessera.network(options[1] or "configs/networks/resnet20.yaml", {weights = {random = 1}})
local inputs = {}
for name, shape in pairs(net.inputs) do
  for axis, size in ipairs(shape) do shape[axis] = math.tointeger(size) or (axis == 1 and options.batch or 64) end
  inputs[name] = shape
end

local before = net:bench{seconds = 0.3, inputs = inputs}
local target = options.milliseconds > 0 and options.milliseconds or before.median_ms * options.part
print(string.format("now %.3f ms, wanted %.3f ms", before.median_ms, target))

local small, report = net:prune{
  metric = "l2", amount = {rule = "target-latency", milliseconds = target, by = "global-ratio"}, round_to = 8, inputs = inputs,
}
local after = small:bench{seconds = 0.3, inputs = inputs}
print(string.format("pruned: %.3f ms, %.2f times fewer operations, %.2f times fewer parameters", after.median_ms,
  report.before.macs / report.after.macs, report.before.parameters / report.after.parameters))
for _, layer in ipairs(report.layers) do
  print(string.format("  %-16s %4d -> %4d channels", layer.name, layer.channels_before, layer.channels_after))
end
if options.folder ~= "" then small:save(options.folder) end
