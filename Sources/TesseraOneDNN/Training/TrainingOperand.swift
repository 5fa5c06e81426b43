import COneDNN
import TesseraCore

/// Elements in some layout, in memory that has an address once a training program is complete.
struct TrainingOperand {
    enum Place: Hashable {
        /// A buffer in the program's block of memory.
        case buffer(Int)
        /// Weights, gradients and statistics, which lie elsewhere.
        case fixed(UnsafeMutableRawPointer)
    }

    var place: Place
    var layout: Layout

    /// The same memory, described otherwise.
    func described(as layout: Layout) -> TrainingOperand { TrainingOperand(place: place, layout: layout) }
}

/// The parts of training that a step belongs to.
struct TrainingPhases: OptionSet {
    let rawValue: Int
    /// The run with the statistics of the batch.
    static let training = TrainingPhases(rawValue: 1)
    /// The run with the running statistics.
    static let evaluation = TrainingPhases(rawValue: 2)
    static let backward = TrainingPhases(rawValue: 4)
    static let forward: TrainingPhases = [.training, .evaluation]
}

/// What a training program does, one after the other.
struct TrainingStep {
    enum Action {
        case execute(Primitive, [(Int32, TrainingOperand)])
        /// Sets all bytes to zero.
        case clear(TrainingOperand)
        /// Rounds f32 elements to bf16 in place.
        case round(TrainingOperand)
        /// Something else, given the addresses of the operands.
        case call([TrainingOperand], ([UnsafeMutableRawPointer]) throws -> Void)
    }

    var action: Action
    var phases: TrainingPhases
    /// The layer's path, for errors.
    var layer: String

    var operands: [TrainingOperand] {
        switch action {
        case .execute(_, let arguments): arguments.map(\.1)
        case .clear(let operand), .round(let operand): [operand]
        case .call(let operands, _): operands
        }
    }
}
