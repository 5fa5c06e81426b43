import Synchronization
import TesseraCore

/// What is wrong with a network's weights, found while it is bound.
final class WeightProblems: Sendable {
    private let state = Mutex(State())

    private struct State {
        var problems = ProblemList()
        var isCollecting = true
    }

    /// What `body` gives; nil if something is wrong with that one weight, which is kept.
    ///
    /// - Throws: what concerns all weights, such as a file that cannot be read; once finished, everything.
    func collect(_ node: Graph.Node, _ source: WeightSource, _ body: () throws -> Tensor) throws -> Tensor? {
        do {
            return try body()
        } catch let error as TesseraError where source.isGiven && error.isAboutOneWeight {
            return try state.withLock { state in
                guard state.isCollecting else { throw error }
                state.problems.add(error.located(path: node.name, location: node.location))
                return nil
            }
        }
    }

    /// Throws what was kept.
    func finish() throws {
        try state.withLock { state in
            state.isCollecting = false
            try state.problems.throwIfAny()
        }
    }
}

extension WeightSource {
    /// False if the network does not say where weights come from, which would be said for each of them.
    fileprivate var isGiven: Bool {
        if case .none = self { false } else { true }
    }
}

extension TesseraError {
    /// False if a file cannot be read at all, which would be said for each of its tensors.
    fileprivate var isAboutOneWeight: Bool {
        switch code {
        case .notFound, .shapeMismatch, .notSupported, .invalidArgument: true
        default: false
        }
    }
}
