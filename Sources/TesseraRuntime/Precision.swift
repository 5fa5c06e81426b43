import TesseraCore

/// In which numbers a layer computes.
///
/// A layer of precision `p` reads what it reads, its weights among them, as numbers of `p`, computes with at least binary32, and
/// rounds what it makes to `p`, always to the nearest number, ties to even. All values between layers are tensors of f32 for those
/// who see them; what a layer of `bf16` or `f16` made holds only such numbers. So what follows from a network file, a cut or a
/// backend is the same, but for the order in which sums are made, and for layers that a backend runs as one kernel (a convolution
/// with the sum and the activation after it), which are rounded once, at the end: a value is rounded by the layer that makes it,
/// and once more, which changes something only if that layer was of another precision or there was none (an input of the
/// network, a constant), by each layer that reads it. Integers and truth values are left as they are. Numbers too large for `f16`, from 65520 on,
/// become infinite.
public enum Precision: String, Sendable, CaseIterable, Codable {
    /// IEEE binary32 throughout.
    case f32
    /// bfloat16 weights and activations, sums in binary32.
    case bf16
    /// IEEE binary16 weights and activations between layers, binary32 arithmetic within them (METHODS.md C).
    case f16
}

/// The precision of a network's layers.
public struct PrecisionChoice: Sendable, Hashable, Codable {
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

    /// The choice with the names of layers that are merged into others replaced by theirs.
    ///
    /// - Throws: `notFound` for a layer that the graph does not have.
    public func resolved(in graph: Graph) throws -> PrecisionChoice {
        var result = PrecisionChoice(base)
        let names = Set(graph.nodes.map(\.name))
        // A layer's own choice goes before those of what is merged into it.
        for (name, precision) in layers.sorted(by: { $0.key < $1.key }) where !names.contains(name) {
            guard let alias = graph.aliases.first(where: { $0.name == name }),
                let producer = graph.values[alias.value].producer
            else {
                let known = graph.nodes.map(\.name) + graph.aliases.map(\.name)
                throw TesseraError(
                    .notFound,
                    "a precision is given for '\(name)', which is no layer" + suggestion(for: name, among: known))
            }
            result.layers[graph.nodes[producer].name] = precision
        }
        result.layers.merge(layers.filter { names.contains($0.key) }) { $1 }
        return result
    }

    /// - Throws: `notFound` for a layer that the graph does not have.
    public func check(against graph: Graph) throws { _ = try resolved(in: graph) }
}
