-- Prunes a network to so many times fewer multiply-accumulates by several metrics, and compares what is left.
--
--   tessera script scripts/workflows/compare_pruning.lua [NETWORK [FACTOR [WEIGHTS [SAMPLES]]]]
--
-- SAMPLES are labelled pictures, a folder with a sub-folder for each class, or a .safetensors file with `label`. With them, the
-- statistics of batch normalizations are measured anew, and the table says how many samples are still classified right.

local arg = tessera.arguments({}, arg)
local path = arg[1] or "configs/networks/resnet20.yaml"
local factor = tonumber(arg[2] or 2)
local net = tessera.network(path, {weights = arg[3]})
local samples = arg[4]
print(net)

local metrics = {"l1", "l2", "fpgm", "bn-scale", "random"}
local rules = {"ratio", "global-ratio", "steepness"}

local function percent(accuracy) return accuracy and string.format("%6.2f %%", 100 * accuracy) or "" end

print(string.format("%-9s %-13s %12s %6s %10s %s", "metric", "rule", "MACs", "less", "parameters", samples and "right" or ""))
local best
for _, metric in ipairs(metrics) do
  for _, rule in ipairs(rules) do
    local ok, small, report = pcall(net.prune, net, {
      metric = metric, amount = {rule = "target-macs", factor = factor, by = rule}, samples = samples,
    })
    if ok then
      local after = report.after
      print(string.format("%-9s %-13s %12d %5.2fx %10d %s", metric, rule, after.macs, report.before.macs / after.macs,
        after.parameters, percent(after.accuracy)))
      local score = after.accuracy or 0
      if not best or score > best.score then best = {score = score, metric = metric, rule = rule, net = small} end
    else
      print(string.format("%-9s %-13s %s", metric, rule, small))
    end
  end
end

assert(best, "expected at least one metric to reach the target")
-- What was removed is gone: nothing is left to skip, so every runtime is faster.
local before, after = net:bench{seconds = 0.3}, best.net:bench{seconds = 0.3}
print(string.format("%s, %s: %.3f ms before, %.3f ms after", best.metric, best.rule, before.median_ms, after.median_ms))
