-- Makes a trained network smaller twice: prunes the channels that matter least and trains what is left, then turns it into integers.
--
--   tessera script scripts/workflows/prune_and_quantize.lua NETWORK WEIGHTS TRAINING SAMPLES [PART [FACTOR [BITS [FOLDER]]]]
--
-- WEIGHTS may be - for those that the network names. SAMPLES is a folder with labelled pictures, a folder for each class,
-- and PART a folder within it: some calibrate, all test. FACTOR is how many times fewer multiply-accumulates there shall be (2).

local arg = tessera.arguments({}, arg)
local path, weights, training, samples = arg[1], arg[2], arg[3], arg[4]
assert(samples, "expected a network, its weights, a training file and samples")
local part, factor, bits = arg[5], tonumber(arg[6] or 2), math.tointeger(arg[7] or 8)
local net = tessera.network(path, {weights = weights ~= "-" and weights or nil})

local pruned, pruning = net:prune{
  metric = "l2",
  amount = {rule = "target-macs", factor = factor, by = "steepness"},
  retrain = training,
  samples = {path = samples, part = part, count = 10000},
}
local pictures = part and samples .. "/" .. part or samples
local small, report = pruned:quantize{bits = bits, calibrate = pictures, count = 512, evaluate = pictures}

print(string.format("%-12s %14s %14s", "", "MACs", "accuracy, %"))
print(string.format("%-12s %14.0f %14.2f", "given", pruning.before.macs, 100 * pruning.before.accuracy))
print(string.format("%-12s %14.0f %14.2f", "pruned", pruning.after.macs, 100 * pruning.after.accuracy))
print(string.format("%-12s %14.0f %14.2f", bits .. " bits", pruning.after.macs, 100 * report.accuracy_after))
small:save(arg[8] or "small")
