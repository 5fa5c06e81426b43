-- A partition strategy of one's own: strips whose heights follow the nodes' speeds, with maps put together after every pooling.
-- Compares it with those that are there, by simulation on a cluster.
--
--   tessera script scripts/workflows/write_strategy.lua [NETWORK [CLUSTER]]

local arg = tessera.arguments({}, arg)
local path, cluster = arg[1] or "configs/networks/vgg16.yaml", arg[2] or "configs/clusters/two-boards.yaml"

tessera.register.partition_strategy("by-speed", function(span, nodes, options, model)
  local total = 0
  for _, node in ipairs(model.nodes) do total = total + node.speed end
  local stages = {}
  local ends = {}
  for _, layer in ipairs(span.layers) do
    if layer.kind == options.after then ends[layer.name] = true end
  end
  for _, cut in ipairs(span.cut_points) do
    local isLast = cut.name == span.output.name
    if (ends[cut.name] or isLast) and #cut.shape == 4 then
      -- Node by node, the rows up to its part of all speeds together.
      local tiles, first, speed = {}, 1, 0
      for node = 1, nodes do
        speed = speed + model.nodes[node].speed
        local last = math.floor(cut.shape[3] * speed / total + 0.5)
        if last >= first then tiles[#tiles + 1] = {node = node, rows = {first, last}} end
        first = math.max(first, last + 1)
      end
      stages[#stages + 1] = {output = cut.name, tiles = tiles}
    end
  end
  return stages, {"maps are put together after every " .. options.after}
end, {summary = "strips as high as nodes are fast", options = {after = {default = "max_pool", summary = "where maps are put together"}}})

local net = tessera.network(path, {weights = {random = 1}})
for _, strategy in ipairs{"by-speed", "strips", "vertical", "auto"} do
  local ok, report, plan = pcall(net.simulate, net, {cluster = cluster, strategy = strategy})
  if ok then
    print(string.format("%-10s %8.1f ms, stages: %d, speed-up at most %.2f", strategy, report.latency_ms, #plan.stages, plan.speedup_bound))
  else
    print(string.format("%-10s %s", strategy, report))
  end
end
