-- Says what pictures show, and how long each took.
--
--   tessera script scripts/workflows/classify.lua NETWORK PICTURE … [--weights FILE] [--top 3]
--
-- NETWORK declares an output of classes, as those in configs/networks do that were made for ImageNet or CIFAR-10.

local options = tessera.arguments({weights = "", top = 3}, arg)
assert(#options >= 2, "expected a network and at least one picture")
local net = tessera.network(options[1], {weights = options.weights ~= "" and options.weights or nil})

for i = 2, #options do
  local start = tessera.clock()
  local results = net:results(options[i])
  local milliseconds = (tessera.clock() - start) * 1000
  print(string.format("%s (%.1f ms)", options[i], milliseconds))
  for output, classes in pairs(results) do
    for rank = 1, math.min(options.top, #classes) do
      local found = classes[rank]
      print(string.format("  %s: %.4f  %s", output, found.score, found.label))
    end
  end
end
