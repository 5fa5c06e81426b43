import TesseraCore

extension Network {
    /// Reads or draws all weights that its layers want, and checks them: sizes that are left open do not matter for most
    /// networks, so some are tried.
    ///
    /// - Parameter inputs: the shapes of inputs, where it does matter.
    /// - Throws: what `bound` throws if no size that is tried fits.
    /// - Returns: the weights by name, `LAYER.parameter`.
    public func weightsOfLayers(inputs: [String: Shape] = [:]) throws -> [String: Tensor] {
        var failure: (any Error)?
        for size in Self.trialSizes {
            do {
                _ = try binder(inputs: shapes(openSize: size).merging(inputs) { $1 })
                return loadedWeights
            } catch let error {
                failure = failure ?? error
                guard let error = error as? TesseraError, error.code == .shapeMismatch, hasOpenSizes else {
                    throw error
                }
            }
        }
        throw failure ?? TesseraError(.invalidArgument, "the network cannot be bound")
    }

    /// The weights of its layers that were asked for so far, by name: `LAYER.parameter`.
    public var loadedWeights: [String: Tensor] {
        let layers = Set(graph.nodes.map(\.name))
        return store.loaded.merging(folding?.loaded ?? [:]) { $1 }.filter { name, _ in
            name.lastIndex(of: ".").map { layers.contains(String(name[..<$0])) } ?? false
        }
    }

    /// Common picture sizes first.
    private static let trialSizes = [224, 64, 32, 256, 16, 8, 4, 2, 1]

    private var hasOpenSizes: Bool { graph.inputs.contains { declaredShape(of: $0).concrete == nil } }

    private func declaredShape(of input: Graph.Input) -> SymbolicShape { inputs[input.name]?.shape ?? input.shape }

    /// A shape for every input: one of a batch, and `openSize` for every other size that is left open.
    private func shapes(openSize: Int) -> [String: Shape] {
        let declared = graph.inputs.map { ($0.name, declaredShape(of: $0).dimensions) }
        let batches = Set(declared.compactMap { $1.first?.description })
        let shapes = declared.map { name, sizes in
            (name, Shape(sizes.map { $0.fixedSize ?? (batches.contains($0.description) ? 1 : openSize) }))
        }
        return Dictionary(shapes) { first, _ in first }
    }
}
