-- Compares strategies for cutting a network, and checks that the nodes give what one device gives.
--
--   tessera script scripts/workflows/partition.lua [NETWORK [NODES]]

local arg = tessera.arguments({}, arg)
local path = arg[1] or "configs/networks/resnet20.yaml"
local nodes = math.tointeger(tonumber(arg[2] or 4)) or error("expected a number of nodes, got " .. arg[2], 0)

local net = tessera.network(path, {weights = {random = 7}})
print(net)

-- A tensor for every input: a batch of 1, and 64 for other sizes that the network leaves open.
local inputs = {}
for name, shape in pairs(net.inputs) do
  for axis, size in ipairs(shape) do shape[axis] = math.type(size) and size or size == "batch" and 1 or 64 end
  inputs[name] = tessera.tensor{shape = shape, random = 1}
end

-- A strategy of our own: the middle nodes' strips have two halos, so they get fewer rows than the outer ones.
tessera.register.partition_strategy("thin-middle", function(span, count, options)
  local rows, halo = span.output.shape[3], options.halo or 2
  local extra = count > 2 and math.min(halo, rows // count) or 0
  local tiles, first = {}, 1
  for node, range in ipairs(tessera.divide(rows - 2 * extra, count)) do
    local height = range[2] - range[1] + 1
    if node == 1 or node == count then height = height + extra end
    tiles[node] = {node = node, rows = {first, first + height - 1}}
    first = first + height
  end
  return {{output = span.output.name, tiles = tiles}}
end)

local whole = net:run(inputs)
for _, strategy in ipairs{"vertical", "fused-grid", "thin-middle"} do
  local out, report = net:deploy{nodes = nodes, strategy = strategy, inputs = inputs}
  local same = out == whole
  print(string.format("%-12s redundancy %.3f, speed-up at most %.2f, %d bytes sent, %s", strategy, report.redundancy,
    report.speedup_bound, report.bytes_sent, same and "equal to one device to the bit" or "DIFFERENT"))
  assert(same, "the nodes gave another answer than one device")
end
