import TesseraCore

/// In which numbers a layer computes.
public enum Precision: String, Sendable, CaseIterable, Codable {
    /// IEEE binary32 throughout.
    case f32
    /// bfloat16 weights and activations, sums in binary32.
    case bf16
    /// IEEE binary16 weights and activations between layers, binary32 arithmetic within them (METHODS.md C).
    case f16
}

/// The precision of a network's layers.
public struct PrecisionChoice: Sendable, Equatable, Codable {
    /// That of all layers that are not named.
    public var base: Precision
    /// That of single layers, by their paths.
    public var layers: [String: Precision]

    public init(_ base: Precision = .f32, layers: [String: Precision] = [:]) {
        (self.base, self.layers) = (base, layers)
    }

    public subscript(layer: String) -> Precision { layers[layer] ?? base }

    /// Whether any layer may compute in `precision`.
    public func uses(_ precision: Precision) -> Bool { base == precision || layers.values.contains(precision) }

    /// - Throws: `notFound` for a layer that the graph does not have.
    public func check(against graph: Graph) throws {
        let names = graph.nodes.map(\.name)
        for name in layers.keys.sorted() where !names.contains(name) {
            throw TesseraError(
                .notFound, "a precision is given for '\(name)', which is no layer" + suggestion(for: name, among: names)
            )
        }
    }
}
