import ArgumentParser
import Tessera

/// In which numbers layers compute.
struct PrecisionOptions: ParsableArguments {
    @Option(
        help:
            "The precision of layers: f32, bf16 or f16; of 'run' and 'bench' also int8, which quantizes the network for this run."
    )
    var precision: String?

    /// Whether the network is to be quantized before it runs.
    var isInteger: Bool { precision == "int8" }

    @Option(
        name: .customLong("layer-precision"),
        help: ArgumentHelp("The precision of one layer.", valueName: "NAME=PRECISION"))
    var layers: [String] = []

    /// The choice that `base` becomes with what the command line says.
    ///
    /// - Parameter quantizes: whether the command quantizes networks.
    /// - Throws: `invalidArgument` for a precision that there is not, or that is given to a layer twice.
    func choice(over base: PrecisionChoice = PrecisionChoice(), quantizes: Bool = false) throws -> PrecisionChoice {
        var choice = base
        guard quantizes || !isInteger else {
            throw TesseraError(
                .notSupported,
                "'--precision int8' is for 'run' and 'bench': write the network with 'tessera quantize' first")
        }
        if let precision, !isInteger { choice.base = try Self.precision(precision, of: "--precision") }
        var named: Set<String> = []
        for argument in layers {
            // No precision has an equals sign, the name of a layer may.
            guard let equals = argument.lastIndex(of: "="), equals != argument.startIndex else {
                throw TesseraError(
                    .invalidArgument, "'--layer-precision' expects NAME=PRECISION, found '\(argument)'")
            }
            let name = String(argument[..<equals])
            guard named.insert(name).inserted else {
                throw TesseraError(.invalidArgument, "'--layer-precision' is given for '\(name)' twice")
            }
            choice.layers[name] = try Self.precision(
                String(argument[argument.index(after: equals)...]), of: "--layer-precision")
        }
        return choice
    }

    /// The choice for a network.
    ///
    /// - Throws: `notFound` for a layer that it does not have, too.
    func choice(for network: Network, quantizes: Bool = false) throws -> PrecisionChoice {
        let choice = try choice(quantizes: quantizes)
        try choice.check(against: network.graph)
        return choice
    }

    private static func precision(_ name: String, of option: String) throws -> Precision {
        try locatingErrors(path: option) { try Precision(configuration: name.configuration) }
    }
}
