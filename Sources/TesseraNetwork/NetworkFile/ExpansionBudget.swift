import TesseraCore

/// What writing out all repetitions may still make, so that a small file cannot ask for endless work.
struct ExpansionBudget {
    static let layerLimit = 100_000
    private static let nodeLimit = 4_000_000

    private var layers = layerLimit
    private var turns = layerLimit
    private var nodes = nodeLimit

    /// Counts a turn of a repetition, a condition or the use of a block, which may be empty.
    mutating func useTurn() throws {
        turns -= 1
        guard turns >= 0 else {
            throw TesseraError(
                .limitExceeded, "expected at most \(Self.layerLimit) repetitions, conditions and blocks, found more")
        }
    }

    mutating func useLayer() throws {
        layers -= 1
        guard layers >= 0 else {
            throw TesseraError(.limitExceeded, "expected a network of at most \(Self.layerLimit) layers, found more")
        }
    }

    mutating func useNode() throws {
        nodes -= 1
        guard nodes >= 0 else {
            throw TesseraError(.limitExceeded, "expected at most \(Self.nodeLimit) values in all layers, found more")
        }
    }

    mutating func useNodes(in configuration: Configuration) throws {
        switch configuration.content {
        case .list(let elements): for element in elements { try useNodes(in: element) }
        case .map(let entries): for entry in entries { try useNodes(in: entry.value) }
        default: break
        }
        try useNode()
    }
}
