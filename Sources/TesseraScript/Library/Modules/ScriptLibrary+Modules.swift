import Tessera

/// What makes Lua functions modules, and loads those of files.
extension ScriptLibrary {
    static func modules(_ context: ScriptContext) -> [Binding] {
        [
            registerStrategy(context), registerMetric(context), registerAmountRule(context),
            registerCalibrationMethod(context), registerWeightLayout(context), plugin(context),
        ]
    }

    /// What every register function takes last, and what it is for.
    private static let about = "about?: {summary?: string, options?: table}"
    private static let aboutSummary =
        " `about.options` declares what it takes, by name: `{default = 0.5, summary = \"the part that goes\"}`; without, it gets "
        + "whatever is given."

    private static func registerStrategy(_ context: ScriptContext) -> Binding {
        Binding(
            "register.partition_strategy",
            "register.partition_strategy(name: string, "
                + "strategy: (fun(span: Span, nodes: integer, options: table, model: CostModel): table[], string[]?), \(about))",
            "Adds a partition strategy, which `net:plan` and `net:deploy` then know by its name. It gets the span that can be cut "
                + "and what it costs, and returns a list of stages `{output = NAME, tiles = {{node = 1, rows = {first, last}}, …}}`, and "
                + "remarks for whoever reads the plan, if there are any." + aboutSummary,
            example: """
                tessera.register.partition_strategy("rows", function(span, nodes)
                  local tiles = {}
                  for node, rows in ipairs(tessera.divide(span.output.shape[3], nodes)) do tiles[node] = {node = node, rows = rows} end
                  return {{output = span.output.name, tiles = tiles}}
                end)
                \(ScriptLibrary.exampleNetwork)
                assert(net:plan{nodes = 2, strategy = "rows"}.stages[1].tiles[2].region[3][1] == 5)
                """
        ) { call in
            let module = try ScriptModule(call, label: "strategy", kind: "strategy")
            try context.register(\.strategies, module) { ScriptStrategy(module: $0, options: $1) }
            return []
        }
    }

    private static func registerMetric(_ context: ScriptContext) -> Binding {
        Binding(
            "register.saliency_metric",
            "register.saliency_metric(name: string, metric: (fun(group: ChannelGroup, options: table): number[]), \(about))",
            "Adds a saliency metric, which `net:prune` then knows by its name. It is called for all channels that compete with each "
                + "other, and returns a number for each; the smallest are pruned."
                + aboutSummary,
            example: """
                tessera.register.saliency_metric("largest", function(group)
                  local saliencies = {}
                  for i, channel in ipairs(group.channels) do
                    saliencies[i] = math.max(channel.kernels:max(), -channel.kernels:min())
                  end
                  return saliencies
                end)
                \(ScriptLibrary.exampleNetwork)
                local _, report = net:prune{metric = "largest", amount = {rule = "ratio", ratio = 0.25}}
                assert(report.layers[1].channels_after == 6)
                """
        ) { call in
            let module = try ScriptModule(call, label: "metric", kind: "saliency metric")
            try context.register(\.saliencyMetrics, module) { ScriptMetric(module: $0, options: $1) }
            return []
        }
    }

    private static func registerAmountRule(_ context: ScriptContext) -> Binding {
        Binding(
            "register.amount_rule",
            "register.amount_rule(name: string, rule: (fun(problem: AmountProblem, options: table): integer[]), \(about))",
            "Adds a rule for how much is pruned, which `net:prune` then knows by its name. It returns how many channels of every group "
                + "go, those that matter least." + aboutSummary,
            example: """
                tessera.register.amount_rule("part", function(problem, options)
                  local counts = {}
                  for i, curve in ipairs(problem.curves) do counts[i] = #curve.values // options.divisor end
                  return counts
                end, {options = {divisor = {default = 2, summary = "one of so many goes"}}})
                \(ScriptLibrary.exampleNetwork)
                local _, report = net:prune{metric = "l2", amount = {rule = "part", divisor = 4}}
                assert(report.layers[1].channels_after == 6)
                """
        ) { call in
            let module = try ScriptModule(call, label: "rule", kind: "amount rule")
            try context.register(\.pruningAmounts, module) { ScriptAmountRule(module: $0, options: $1) }
            return []
        }
    }

    private static func registerCalibrationMethod(_ context: ScriptContext) -> Binding {
        Binding(
            "register.calibration_method",
            "register.calibration_method(name: string, "
                + "method: (fun(histogram: Histogram, bits: integer, options: table): number, number), \(about))",
            "Adds a calibration method, which `net:quantize` then knows by its name. It returns the range that "
                + "integers are to cover, with 0 inside." + aboutSummary,
            example: """
                tessera.register.calibration_method("range", function(histogram)
                  return math.min(histogram.minimum, 0), math.max(histogram.maximum, 0)
                end)
                \(ScriptLibrary.exampleNetwork)
                local image = tessera.tensor{shape = {1, 1, 8, 8}, random = 2}
                local small = net:quantize{bits = 8, calibrate = {image}, method = "range"}
                assert(small:run(image):difference(net:run(image)) < 0.1)
                """
        ) { call in
            let module = try ScriptModule(call, label: "method", kind: "calibration method")
            try context.register(\.calibrators, module) { ScriptCalibrator(module: $0, options: $1) }
            return []
        }
    }

    private static func registerWeightLayout(_ context: ScriptContext) -> Binding {
        Binding(
            "register.weight_layout",
            "register.weight_layout(name: string, layout: (fun(geometry: WeightGeometry, options: table): "
                + "{width: integer, height: integer, frames: integer, places: integer[]}), \(about))",
            "Adds a weight layout, which `net:compress` then knows by its name: the order in which the weights of a layer become samples. "
                + "It returns `{width = …, height = …, frames = …, places = {…}}`: the size of frames, how many there are, and for each "
                + "sample, row by row and frame by frame, the number of its weight. The first sample of a weight stands for it; further "
                + "ones are padding. A layer must have the same frames whenever it is asked for." + aboutSummary,
            example: """
                tessera.register.weight_layout("row", function(geometry)
                  local places = {}
                  for i = 1, geometry.count do places[i] = i end
                  return {width = geometry.count, height = 1, frames = 1, places = places}
                end)
                \(ScriptLibrary.exampleNetwork)
                local _, report = net:compress{codec = "context", layout = "row"}
                assert(report.layers[1].layout == "row")
                """
        ) { call in
            let module = try ScriptModule(call, label: "layout", kind: "weight layout")
            try context.register(\.weightLayouts, module) { ScriptLayout(module: $0, options: $1) }
            return []
        }
    }

    private static func plugin(_ context: ScriptContext) -> Binding {
        Binding(
            "plugin", "plugin(path: string)",
            "Loads a plugin, whose modules are known by name then: a script that registers some, or, from a trusted script, "
                + "a shared library."
        ) { call in
            try call.expectArguments(atMost: 1)
            let path = try call.string(1, "path")
            try locatingErrors(path: call.name) { try context.modules.load(plugins: [path]) }
            return []
        }
    }
}
