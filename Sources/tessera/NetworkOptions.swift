import ArgumentParser
import Foundation
import Tessera

/// Which network, with which weights.
struct NetworkOptions: ParsableArguments {
    @Argument(help: "The network file.")
    var network: String

    @Option(help: "A weight file (.safetensors or .tcw) in place of the network's own.")
    var weights: String?

    func load(_ modules: Modules) throws -> Network {
        try modules.loader.load(network, weights: weights.map { .file($0) })
    }

    /// Says so if the weights may be those of another network.
    static func noteUnusedWeights(of network: Network) {
        let unused = network.unusedWeights
        guard !unused.isEmpty else { return }
        let names = unused.prefix(3).joined(separator: ", ") + (unused.count > 3 ? ", …" : "")
        note("note: no layer uses \(unused.count) of the tensors in the weight file: \(names)")
    }
}

/// Whether layers are merged before a network runs.
struct FoldOptions: ParsableArguments {
    @Flag(help: "Run the network as it is written: without merging batch normalizations into convolutions.")
    var noFold = false

    /// The network as it is to run.
    func apply(to network: Network) throws -> Network { noFold ? network : try network.folded() }
}

/// Whether kernels are measured.
struct TuneOptions: ParsableArguments {
    @Flag(
        help: "Measure kernels and choose the fastest along the network; once for this machine, network and precision.")
    var tune = false
}

/// What an inference reads and writes.
struct ValueOptions: ParsableArguments {
    @Option(
        name: .customLong("input"),
        help: ArgumentHelp("An input: a picture, .npy or .safetensors.", valueName: "NAME=PATH[#TENSOR]"))
    var inputs: [String] = []

    @Option(
        name: .customLong("output"),
        help: ArgumentHelp("Where outputs go: a picture, .npy or .safetensors.", valueName: "[NAME=]PATH"))
    var outputs: [String] = []

    /// The inputs, once it is clear that the outputs can be written.
    func read(for network: Network) throws -> NetworkInputs {
        try network.checkOutputs(outputs)
        return try network.readInputs(inputs)
    }
}

/// The sizes that a network leaves open: from inputs, or given as such.
struct ShapeOptions: ParsableArguments {
    @Option(
        name: .customLong("input"),
        help: ArgumentHelp(
            "An input, whose sizes are taken: a picture, .npy or .safetensors.", valueName: "NAME=PATH[#TENSOR]"))
    var inputs: [String] = []

    @Option(
        name: .customLong("shape"),
        help: ArgumentHelp("The shape of an input, such as image=1x3x224x224.", valueName: "NAME=SIZES"))
    var shapes: [String] = []

    /// The shapes that are given, by input.
    func given(for network: Network) throws -> [String: Shape] {
        var result = try network.readInputs(inputs).shapes
        for argument in shapes {
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            let sizes = (parts.last ?? "").split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
            let name = parts.count == 2 ? parts[0] : network.graph.inputs[0].name
            guard !sizes.contains(nil), network.graph.inputs.contains(where: { $0.name == name }) else {
                throw TesseraError(
                    .invalidArgument,
                    "'--shape' expects NAME=SIZExSIZE… for one of \(network.graph.inputs.map(\.name).joined(separator: ", ")), found '\(argument)'"
                )
            }
            result[name] = Shape(sizes.compactMap { $0 })
        }
        return result
    }

    /// The network's graph with all sizes known, without weights.
    func bind(_ network: Network) throws -> BoundGraph {
        try network.boundWithoutWeights(inputs: shapes(of: network))
    }

    /// The shape of every input that leaves sizes open or is given.
    func shapes(of network: Network) throws -> [String: Shape] {
        var result = try given(for: network)
        for input in network.graph.inputs where result[input.name] == nil {
            let shape = network.inputs[input.name]?.shape ?? input.shape
            guard shape.concrete == nil else { continue }
            // Where only the batch is open, one of it is what is asked about.
            let single = SymbolicShape([.fixed(1)] + shape.dimensions.dropFirst())
            guard let single = single.concrete, shape.dimensions.count > 1 else {
                throw TesseraError(
                    .invalidArgument,
                    "input '\(input.name)' has the open shape \(shape): give --shape \(input.name)=… or --input \(input.name)=FILE"
                )
            }
            result[input.name] = single
        }
        return result
    }
}

/// How a network is cut.
struct PartitionOptions: ParsableArguments {
    @Option(help: "The partition strategy; see 'tessera plugins'.")
    var strategy: String?

    @Option(
        name: .customLong("option"),
        help: ArgumentHelp(
            "An option of the strategy, such as 'tiles=[2, 2]' or cut_after=max_pool.", valueName: "KEY=VALUE"))
    var options: [String] = []

    @Option(help: "The layer at which the span that is cut ends at the latest.")
    var upTo: String?

    @Option(help: "A file that says what the nodes are and what joins them.")
    var cluster: String?

    /// The choice that `base` becomes with what the command line says.
    func choice(over base: PartitionChoice = PartitionChoice()) throws -> PartitionChoice {
        var choice = try Self.choice(over: base, strategy: strategy, options: options, upTo: upTo)
        choice.cluster = cluster ?? base.cluster
        return choice
    }

    /// The same for what is not among these options.
    static func choice(
        over base: PartitionChoice = PartitionChoice(), strategy: String?, options: [String], upTo: String?
    ) throws -> PartitionChoice {
        var choice = base
        if let strategy {
            // Options belong to the strategy they were written for.
            if strategy != base.strategy { choice.options = .empty }
            choice.strategy = strategy
        }
        choice.options = try choice.options.adding(options, of: "--option")
        choice.upTo = upTo ?? base.upTo
        return choice
    }
}

extension Configuration {
    /// A module's options with those over them that an option of the command line gives as KEY=VALUE.
    func adding(_ arguments: [String], of option: String) throws -> Configuration {
        var entries = try entries()
        for argument in arguments {
            let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else {
                throw TesseraError(.invalidArgument, "'\(option)' expects KEY=VALUE, found '\(argument)'")
            }
            entries.removeAll { $0.key == parts[0] }
            let place = "\(option) \(parts[0])"
            entries.append(
                .init(
                    parts[0], try YAMLReader.parse(parts[1], file: place),
                    keyLocation: SourceLocation(file: place, line: 1, column: 1)))
        }
        return Configuration(.map(entries), at: location)
    }
}

/// Threads, checked.
struct ThreadOptions: ParsableArguments {
    @Option(help: "Threads for kernels; all cores by default.")
    var threads: Int?

    func validate() throws {
        guard threads.map({ (1...1024).contains($0) }) ?? true else {
            throw ValidationError("'--threads' expects 1 to 1024, found \(threads ?? 0)")
        }
    }

    var count: Int { threads ?? ProcessInfo.processInfo.activeProcessorCount }
}

/// Prints a value as one JSON object on standard output.
func printJSON(_ value: some Encodable) throws { print(try readableJSON(value)) }

/// Says something to the person at the terminal, beside the output.
func note(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }
