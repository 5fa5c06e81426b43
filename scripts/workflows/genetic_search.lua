-- Searches a plan with a genetic algorithm: where maps are put together, and into how many strips each stage is cut.
--
--   tessera script scripts/workflows/genetic_search.lua [NETWORK [CLUSTER [GENERATIONS]]]

local arg = tessera.arguments({}, arg)
local path, cluster = arg[1] or "configs/networks/vgg16.yaml", arg[2] or "configs/clusters/eight-mixed.yaml"
local generations = math.tointeger(arg[3] or 10)
tessera.register.partition_strategy("genetic", function(span, nodes, options, model)
  math.randomseed(options.seed)
  local cuts = {}
  for _, cut in ipairs(span.cut_points) do if #cut.shape == 4 then cuts[#cuts + 1] = cut end end
  -- A genome has a number for each cut point: 0 for no cut, or how many nodes share what ends there.
  local function stages(genome)
    local list = {}
    for i, cut in ipairs(cuts) do
      local parts = math.min(i == #cuts and math.max(1, genome[i]) or genome[i], cut.shape[3])
      if parts > 0 then
        local tiles = {}
        for node, rows in ipairs(tessera.divide(cut.shape[3], parts)) do tiles[node] = {node = node, rows = rows} end
        list[#list + 1] = {output = cut.name, tiles = tiles}
      end
    end
    return list
  end
  local function individual(genome) return {genome = genome, cost = model:simulate(stages(genome)).latency_ms} end
  local function random(chance)
    local genome = {}
    for i = 1, #cuts do genome[i] = math.random() < chance and math.random(nodes) or 0 end
    return individual(genome)
  end
  local function child(a, b)
    local genome = {}
    for i = 1, #cuts do
      genome[i] = (math.random() < 0.5 and a or b).genome[i]
      if math.random() < 1 / #cuts then genome[i] = math.random(0, nodes) end
    end
    return individual(genome)
  end

  local population = {}
  for i = 1, options.population do population[i] = random(i / options.population) end
  local function order(a, b) return a.cost < b.cost end
  table.sort(population, order)
  local first = population[1].cost
  for _ = 1, options.generations do
    -- The better half stays, and has children in place of the other.
    local half = #population // 2
    for i = half + 1, #population do population[i] = child(population[math.random(half)], population[math.random(half)]) end
    table.sort(population, order)
  end
  return stages(population[1].genome), {string.format("%.1f ms, %.1f ms before evolution", population[1].cost, first)}
end, {options = {generations = {default = generations}, population = {default = 16}, seed = {default = 1}}})

local net = tessera.network(path, {weights = {random = 1}})
for _, strategy in ipairs{"genetic", "auto"} do
  local report, plan = net:simulate{cluster = cluster, strategy = strategy}
  print(string.format("%-8s %.1f ms in %d stages; %s", strategy, report.latency_ms, #plan.stages, table.concat(plan.notes, "; ")))
end
