import CTesseraPlugin
import TesseraCore

/// What a library's operator is, as its table says.
struct OperatorTable: Sendable {
    struct Parameter: Sendable {
        let name: String
        let role: Int
    }

    let inputNames: [String]
    let inputCount: ClosedRange<Int>
    let parameters: [Parameter]
    let shapes: String
    let isPointwise: Bool
    let canBeCut: Bool

    private static let largestCount = 256

    /// - Throws: `invalidArgument` for a table that cannot be.
    static func check(_ table: tessera_operator) throws {
        guard table.input_count >= 1, table.input_names != nil, table.input_count <= largestCount,
            table.largest_input_count >= table.input_count
        else {
            throw TesseraError(
                .invalidArgument,
                "expected the names of 1 to \(largestCount) inputs, and at least as many at most, found \(table.input_names == nil ? "null" : "\(table.input_count)") and \(table.largest_input_count)"
            )
        }
        guard table.parameter_count <= largestCount,
            table.parameter_count == 0 || (table.parameters != nil && table.parameter_shape != nil)
        else {
            throw TesseraError(
                .invalidArgument,
                "expected an operator with \(table.parameter_count) parameters to have 'parameters' and 'parameter_shape', found null"
            )
        }
        guard table.parameter_count == 0 || table.largest_input_count == table.input_count else {
            throw TesseraError(
                .invalidArgument,
                "expected an operator with parameters to have a fixed number of inputs, found \(table.input_count) to \(table.largest_input_count)"
            )
        }
        _ = try GrowingStructure.aligned(table.input_names, for: UnsafePointer<CChar>?.self, "the names of inputs")
        let names = (0..<Int(table.input_count)).map { table.input_names?[$0] }
        let weights = try parameters(of: table).map(\.name)
        guard (names + weights).allSatisfy({ $0 != nil }) else {
            throw TesseraError(.invalidArgument, "expected every input and parameter to have a name, found null")
        }
    }

    private static func parameters(of table: tessera_operator) throws -> [tessera_parameter] {
        try GrowingStructure.elements(
            tessera_parameter.self, at: table.parameters, count: Int(table.parameter_count), size: table.parameter_size,
            first: FirstLayout.parameter, "parameters")
    }

    init(_ library: PluginLibrary) {
        let table = library.functions(tessera_operator.self)
        let names = (0..<Int(table.input_count)).compactMap { table.input_names?[$0] }
        inputNames = names.map { String(cString: $0) }
        inputCount = Int(table.input_count)...Int(table.largest_input_count)
        // What could be wrong was found when the library was loaded.
        parameters = ((try? Self.parameters(of: table)) ?? []).compactMap { parameter in
            parameter.name.map { Parameter(name: String(cString: $0), role: Int(parameter.role)) }
        }
        if let text = table.shapes { shapes = String(cString: text) } else { shapes = "" }
        isPointwise = table.is_pointwise != 0
        canBeCut = table.input_region != nil
    }
}
