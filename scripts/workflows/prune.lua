-- From a trained network to a smaller and faster one: prunes the channels that matter least, trains what is left as a training file
-- says, and shows what that cost and what it brought.
--
--   tessera script scripts/workflows/prune.lua NETWORK WEIGHTS TRAINING [FACTOR [SAMPLES [PART [OUTPUT [MULTIPLE]]]]]
--
-- WEIGHTS may be - for those that the network names. FACTOR is how many times fewer multiply-accumulates there shall be (2). SAMPLES
-- are labelled pictures to test with, a folder or an archive with a folder for each class, and PART is a folder within it. The network
-- goes to the folder OUTPUT. What is kept of each layer is rounded up to a multiple of MULTIPLE channels (8), which kernels like.

local arg = tessera.arguments({}, arg)
local path, weights, training = arg[1], arg[2], arg[3]
assert(training, "expected a network, its weights and a training file")
local net = tessera.network(path, {weights = weights ~= "-" and weights or nil})

local small, report = net:prune{
  metric = "l2",
  amount = {rule = "target-macs", factor = tonumber(arg[4] or 2), by = "steepness"},
  round_to = math.tointeger(arg[8] or 8),
  retrain = training,
  samples = arg[5] and {path = arg[5], part = arg[6], count = 10000} or nil,
  latency = true,
}
small:save(arg[7] or "pruned")

local function row(name, format, key, scale)
  local before, after = report.before[key], report.after[key]
  if before and after then
    before, after = before * (scale or 1), after * (scale or 1)
    print(string.format("%-12s " .. format .. " " .. format .. " %7.2f", name, before, after, after / before))
  end
end

print(string.format("%-12s %14s %14s %7s", "", "before", "after", "ratio"))
row("accuracy, %", "%14.2f", "accuracy", 100)
row("MACs", "%14.0f", "macs")
row("parameters", "%14.0f", "parameters")
row("bytes", "%14.0f", "weight_bytes")
row("latency, ms", "%14.3f", "latency_ms")
