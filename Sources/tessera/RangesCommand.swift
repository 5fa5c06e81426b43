import ArgumentParser
import Foundation
import Tessera

struct RangesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ranges",
        abstract: "Finds the layers whose numbers half precision cannot hold.",
        discussion: """
            Runs the network in f32 on the inputs that are given, and on every file of a folder, and lists how large the numbers \
            of each layer become, the largest first. What exceeds 65504 overflows in IEEE binary16.
            """)

    @OptionGroup var network: NetworkOptions
    @OptionGroup var plugins: PluginOptions

    @Option(
        name: .customLong("input"),
        help: ArgumentHelp("An input: a picture, .npy or .safetensors.", valueName: "NAME=PATH[#TENSOR]"))
    var inputs: [String] = []

    @Option(
        help: ArgumentHelp(
            "A folder of pictures, .npy or .safetensors files, each for one inference; for the inputs that '--input' leaves.",
            valueName: "FOLDER"))
    var calibrate: String?

    @Option(help: "How many times larger than those observed activations may become.")
    var headroom = 2.0

    @OptionGroup var fold: FoldOptions
    @OptionGroup var threads: ThreadOptions

    @Flag(help: "Print one JSON object on standard output.")
    var json = false

    func validate() throws {
        guard !inputs.isEmpty || calibrate != nil else {
            throw ValidationError(
                "expected inputs to observe the network with: '--input NAME=PATH' or '--calibrate FOLDER'")
        }
        guard headroom >= 1, headroom.isFinite else {
            throw ValidationError("'--headroom' expects at least 1, found \(headroom)")
        }
    }

    func run() throws {
        let modules = try plugins.modules()
        let network = try self.network.load(modules)
        var check = try RangeCheck(
            fold.apply(to: network), headroom: headroom, backend: modules.backends.make(Modules.defaultBackend),
            threads: threads.count)
        let given = try network.readInputs(inputs).tensors
        let files = try calibrate.map { try InputFolder(network, folder: $0, fixed: given) }
        if files == nil || given.count == network.graph.inputs.count { try check.observe(given) }
        try files?.forEach { try check.observe($0) }
        NetworkOptions.noteUnusedWeights(of: network)
        let report = RangeReport(network, check)
        if json { try printJSON(report) } else { print(report) }
    }
}

/// What `tessera ranges` tells.
struct RangeReport: Encodable, CustomStringConvertible {
    struct Layer: Encodable {
        let name: String
        let type: String
        let largest_activation: Double
        let largest_weight: Double?
        let largest_variance: Double?
        let verdict: LayerRange.Verdict
    }

    let network: String
    let inferences: Int
    let limit: Double
    let headroom: Double
    /// The largest magnitude of every input.
    let inputs: [String: Double]
    /// In order of execution.
    let layers: [Layer]
    let overflow: [String]
    let at_risk: [String]
    let precision: PrecisionChoice
    /// What makes other commands compute in half precision where that is safe.
    let arguments: [String]

    init(_ network: Network, _ check: RangeCheck) {
        self.network = network.name
        (inferences, limit, headroom) = (check.inferenceCount, LayerRange.limit, check.headroom)
        inputs = check.inputs
        layers = check.layers.map { layer in
            Layer(
                name: layer.name, type: layer.kind, largest_activation: layer.largestActivation,
                largest_weight: layer.largestWeight, largest_variance: layer.largestVariance,
                verdict: layer.verdict(headroom: check.headroom))
        }
        overflow = layers.filter { $0.verdict == .overflow }.map(\.name)
        at_risk = layers.filter { $0.verdict == .atRisk }.map(\.name)
        let precision = check.precision
        self.precision = precision
        let kept = layers.map(\.name).filter { precision.layers[$0] != nil }
        arguments = ["--precision", "f16"] + kept.flatMap { ["--layer-precision", "\($0)=f32"] }
    }

    var description: String {
        var table = TextTable(header: ["layer", "type", "activation", "weight", "variance", ""])
        for (name, largest) in inputs.sorted(by: { $0.key < $1.key }) {
            table.add([name, "input", Self.number(largest), "", "", largest > limit ? "overflow" : ""])
        }
        let ordered = layers.enumerated().sorted { a, b in
            (Self.order(b.element), a.offset) < (Self.order(a.element), b.offset)
        }
        for layer in ordered.map(\.element) {
            table.add([
                layer.name, layer.type, Self.number(layer.largest_activation), Self.number(layer.largest_weight),
                Self.number(layer.largest_variance), layer.verdict == .fits ? "" : layer.verdict.rawValue,
            ])
        }
        var lines = [table.description, "", "observed in \(inferences) inference\(inferences == 1 ? "" : "s")"]
        lines.append(
            overflow.isEmpty
                ? "no layer exceeds binary16's 65504" : "above binary16's 65504: \(overflow.joined(separator: ", "))")
        if !at_risk.isEmpty {
            lines.append(
                "would be if activations were \(String(format: "%g", headroom)) times larger: "
                    + at_risk.joined(separator: ", "))
        }
        lines.append(arguments.map(Self.quoted).joined(separator: " "))
        return lines.joined(separator: "\n")
    }

    private static func order(_ layer: Layer) -> Double {
        let numbers = [layer.largest_activation, layer.largest_weight ?? 0, layer.largest_variance ?? 0]
        return numbers.map { $0.isNaN ? .infinity : $0 }.max() ?? 0
    }

    private static func number(_ value: Double?) -> String { value.map { String(format: "%.5g", $0) } ?? "" }

    /// An argument as a shell takes it.
    private static func quoted(_ argument: String) -> String {
        let isPlain = argument.allSatisfy { ($0.isASCII && ($0.isLetter || $0.isNumber)) || "-_=./:~".contains($0) }
        return isPlain ? argument : "'\(argument.replacingOccurrences(of: "'", with: "'\\''"))'"
    }
}
