import CTesseraPlugin
import TesseraCore

/// An operator of a library.
///
/// All backends run the library's `forward`, on arrays of f32 in row-major order.
struct OperatorPlugin<Slot: PluginSlot>: Operator, PluginConfigured {
    static var name: String { library.name }
    static var summary: String { library.summary }
    static var table: OperatorTable { OperatorTable(library) }
    static var inputNames: [String] { table.inputNames }
    static var parameterNames: [String] { table.parameters.map(\.name) }
    static var shapes: String { table.shapes }

    var options = Self.initialOptions
    /// What a tile computes, nil for all of the output.
    var part: OperatorPart?

    init() {}

    var inputCount: ClosedRange<Int> {
        let (counts, parameters) = (Self.table.inputCount, Self.table.parameters.count)
        return counts.lowerBound...(counts.upperBound + parameters)
    }

    var isSpatiallyLocal: Bool { Self.table.canBeCut }
    var isPointwise: Bool { Self.table.isPointwise && part == nil }

    private var functions: tessera_operator { Self.library.functions(tessera_operator.self) }

    func validate() throws { try Self.library.checkOptions(options) }

    func outputTypes(for inputs: [ElementType]) throws -> [ElementType] { [try commonType(of: inputs) { $0 == .f32 }] }

    func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        if let part {
            guard inputs == part.inputRegions.map(\.shape) else {
                throw TesseraError(
                    .shapeMismatch, "expected a tile to read \(part.inputRegions.map(\.shape)), found \(inputs)")
            }
            return [part.output.shape]
        }
        return [try wholeShape(for: inputs)]
    }

    private func wholeShape(for inputs: [Shape]) throws -> Shape {
        guard let outputShape = functions.output_shape else { return [] }
        var shape = tessera_shape()
        try withShapes(inputs) { shapes, count in
            try Self.library.call("output_shape") { outputShape(options.handle, shapes, count, &shape, $0) }
        }
        return try locatingErrors(path: "'\(Self.name)'") { try Shape(shown: shape) }
    }

    func parameters(for inputs: [Shape]) throws -> [ParameterSpecification] {
        guard let parameterShape = functions.parameter_shape else { return [] }
        return try Self.table.parameters.enumerated().map { index, parameter in
            var shown = tessera_shape()
            try withShapes(part?.inputs ?? inputs) { shapes, count in
                try Self.library.call("parameter_shape") {
                    parameterShape(options.handle, shapes, count, UInt32(index), &shown, $0)
                }
            }
            let shape = try locatingErrors(path: "parameter '\(parameter.name)'") { try Shape(shown: shown) }
            let role: ParameterSpecification.Role =
                switch parameter.role {
                case TESSERA_BIAS: .bias
                case TESSERA_SCALE: .scale
                default: .weight(fanIn: max(1, shape.dimensions.dropFirst().reduce(1, Shape.saturatingProduct)))
                }
            return ParameterSpecification(parameter.name, shape, role)
        }
    }

    func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        guard let inputRegion = functions.input_region else {
            throw TesseraError(.notSupported, "'\(Self.name)' cannot be computed in parts")
        }
        guard part == nil else {
            throw TesseraError(.notSupported, "a part of '\(Self.name)' cannot be cut again")
        }
        var shownOutput = try region.shown()
        let regions = try inputs.indices.map { input in
            var shown = tessera_region()
            try withShapes(inputs) { shapes, count in
                try Self.library.call("input_region") {
                    inputRegion(options.handle, shapes, count, &shownOutput, UInt32(input), &shown, $0)
                }
            }
            let needed = try locatingErrors(path: "'\(Self.name)', input \(input + 1)") {
                try Region(shown: shown, within: inputs[input])
            }
            guard !needed.isEmpty else {
                throw TesseraError(
                    .invalidArgument, "expected a region of input \(input + 1) that is not empty, found \(needed)",
                    path: "'\(Self.name)'")
            }
            return needed
        }
        var op = self
        op.part = OperatorPart(
            output: region, whole: try wholeShape(for: inputs), inputs: inputs, inputRegions: regions)
        return OperatorTile(op: op, inputs: regions)
    }

    func multiplyAccumulates(inputs: [Shape], outputs: [Shape]) -> Int {
        guard let count = functions.multiply_accumulates, let output = outputs.first,
            var region = try? (part?.output ?? Region(whole: output)).shown()
        else { return 0 }
        let macs = try? withShapes(part?.inputs ?? inputs) { count(options.handle, $0, $1, &region) }
        return max(0, Int(macs ?? 0))
    }

    private func withShapes<Result>(
        _ shapes: [Shape], _ body: (UnsafePointer<tessera_shape>?, UInt32) throws -> Result
    ) throws -> Result {
        let shown = try shapes.map { try $0.shown() }
        return try withExtendedLifetime(options) {
            try shown.withUnsafeBufferPointer { try body($0.baseAddress, UInt32($0.count)) }
        }
    }
}

/// What a tile of a library's operator computes: a region of the output from regions of the inputs.
struct OperatorPart: Sendable, Equatable {
    let output: Region
    /// The shape of the whole output.
    let whole: Shape
    /// The shapes of the whole inputs.
    let inputs: [Shape]
    let inputRegions: [Region]
}
