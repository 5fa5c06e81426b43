-- Trains a network for weights and activations of few bits, beside an auxiliary network, and shows how its losses fell.
--
--   tessera script scripts/workflows/quantization_aware.lua NETWORK WEIGHTS TRAINING [BITS [METHOD [WIDTH [FOLDER]]]]
--
-- WEIGHTS may be - for those that the network names; they should be trained already. TRAINING says with which pictures and for how
-- long. METHOD is lsq, pact or dorefa. WIDTH is how many sets of kernels the auxiliary network has beside each convolution; 0 trains
-- without one. The network of integers goes to FOLDER.

local arg = tessera.arguments({}, arg)
local path, weights, training = arg[1], arg[2], arg[3]
assert(training, "expected a network, its weights and a training file")
local bits = math.tointeger(arg[4] or 4)
local width = math.tointeger(arg[6] or 1)
local net = tessera.network(path, {weights = weights ~= "-" and weights or nil})

local quantization = {method = arg[5] or "lsq", weight_bits = bits, activation_bits = bits}
if width > 0 then
  quantization.auxiliary = {width = width, distillation = 1}
end
local small, epochs = net:train{config = training, quantization = quantization}

for _, epoch in ipairs(epochs) do
  local parts = ""
  if epoch.auxiliary_loss then
    parts = string.format(
      "  quantized %.4f  auxiliary %.4f  distillation %.4f", epoch.own_loss, epoch.auxiliary_loss, epoch.distillation_loss)
  end
  print(string.format(
    "epoch %3d  loss %.4f%s  test accuracy %.2f %%", epoch.epoch, epoch.train_loss, parts, 100 * (epoch.test_accuracy or 0)))
end
small:save(arg[7] or "few_bits")
