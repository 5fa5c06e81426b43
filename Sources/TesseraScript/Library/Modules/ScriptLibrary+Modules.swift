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
                + "strategy: fun(span: table, nodes: integer, options: table, model: CostModel): table, string[]?, \(about))",
            "Adds a partition strategy, which `net:plan` and `net:deploy` then know by its name. It gets the span that can be cut "
                + "and what it costs, and returns a list of stages `{output = NAME, tiles = {{node = 1, rows = {first, last}}, …}}`, and "
                + "remarks for whoever reads the plan, if there are any." + aboutSummary
        ) { call in
            let module = try ScriptModule(call, label: "strategy", noun: "a strategy")
            try context.register(\.strategies, module) { ScriptStrategy(module: $0, options: $1) }
            return []
        }
    }

    private static func registerMetric(_ context: ScriptContext) -> Binding {
        Binding(
            "register.saliency_metric",
            "register.saliency_metric(name: string, metric: fun(group: table, options: table): number[], \(about))",
            "Adds a saliency metric, which `net:prune` then knows by its name. It is called for all channels that compete with each "
                + "other: `group.layers` are the names of the layers that make them, `group.channels[i]` has the tensors `kernels`, `biases`, "
                + "`scales` and `readers` of one of them. It returns a number for each; the smallest are pruned."
                + aboutSummary
        ) { call in
            let module = try ScriptModule(call, label: "metric", noun: "a metric")
            try context.register(\.saliencyMetrics, module) { ScriptMetric(module: $0, options: $1) }
            return []
        }
    }

    private static func registerAmountRule(_ context: ScriptContext) -> Binding {
        Binding(
            "register.amount_rule",
            "register.amount_rule(name: string, rule: fun(problem: AmountProblem, options: table): integer[], \(about))",
            "Adds a rule for how much is pruned, which `net:prune` then knows by its name. It returns how many channels of every group "
                + "go, those that matter least." + aboutSummary
        ) { call in
            let module = try ScriptModule(call, label: "rule", noun: "an amount rule")
            try context.register(\.pruningAmounts, module) { ScriptAmountRule(module: $0, options: $1) }
            return []
        }
    }

    private static func registerCalibrationMethod(_ context: ScriptContext) -> Binding {
        Binding(
            "register.calibration_method",
            "register.calibration_method(name: string, "
                + "method: fun(histogram: table, bits: integer, options: table): number, number, \(about))",
            "Adds a calibration method, which `net:quantize` then knows by its name. `histogram` has `minimum`, `maximum`, `zeros`, and how "
                + "many numbers of each magnitude there were, in bins of `width`: `positive[i]` from (i - 1) · width to i · width, and "
                + "`negative`. It returns the range that integers are to cover, with 0 inside." + aboutSummary
        ) { call in
            let module = try ScriptModule(call, label: "method", noun: "a calibration method")
            try context.register(\.calibrators, module) { ScriptCalibrator(module: $0, options: $1) }
            return []
        }
    }

    private static func registerWeightLayout(_ context: ScriptContext) -> Binding {
        Binding(
            "register.weight_layout",
            "register.weight_layout(name: string, layout: fun(geometry: table, options: table): table, \(about))",
            "Adds a weight layout, which `net:compress` then knows by its name: the order in which the weights of a layer become samples. "
                + "`geometry` has `matrices` (the gates of a recurrent layer, 1 for others), `outputs`, `inputs`, `kernel_height`, "
                + "`kernel_width` and `count`, their product; weights are numbered from 1 in this order, columns of the kernel fastest. "
                + "It returns `{width = …, height = …, frames = …, places = {…}}`: the size of frames, how many there are, and for each "
                + "sample, row by row and frame by frame, the number of its weight. The first sample of a weight stands for it; further "
                + "ones are padding. A layer must have the same frames whenever it is asked for." + aboutSummary
        ) { call in
            let module = try ScriptModule(call, label: "layout", noun: "a weight layout")
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
