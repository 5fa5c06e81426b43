import Synchronization
import TesseraCore

extension Network {
    /// The network with batch normalizations, and arithmetic with constants that do the same to all of a channel, merged into
    /// the `conv`, `conv_transpose` or `linear` before them (METHODS.md C): y = s · (w · x + b) + t is (s · w) · x + (s · b + t).
    ///
    /// The new weights are computed in binary64 from those of the network and rounded once to f32, when they are first asked
    /// for; other weights stay where they are. A layer is merged if it alone reads the value before it, and that value is no
    /// output of the network; it stays if the new weights would not fit in f32. Its name keeps standing for its value, which
    /// the layer that it was merged into makes now. See `foldedLayers` for what was merged.
    ///
    /// No sizes are needed. Weights that are missing or wrong are left for `bound` to report. Asked again, it gives the same
    /// tensors.
    public func folded() throws -> Network {
        guard folding == nil else { return self }
        let found = try foldingCache.folding {
            let pass = try FoldingPass(graph, store: store)
            guard !pass.layers.isEmpty else { return nil }
            return FoldingCache.Folding(
                graph: try pass.graph(), weights: FoldedWeights(pass.recipes), layers: pass.layers)
        }
        guard let found else { return self }
        return replacing(graph: found.graph, folding: found.weights, foldedLayers: found.layers)
    }
}

/// What a network becomes when it is folded, found out once.
final class FoldingCache: Sendable {
    struct Folding {
        var graph: Graph
        var weights: FoldedWeights
        var layers: [FoldedLayer]
    }

    private enum State {
        case unknown
        /// Nil if there is nothing to fold.
        case known(Folding?)
    }

    private let state = Mutex(State.unknown)

    func folding(_ find: () throws -> Folding?) throws -> Folding? {
        try state.withLock { state in
            if case .known(let folding) = state { return folding }
            let folding = try find()
            state = .known(folding)
            return folding
        }
    }
}
