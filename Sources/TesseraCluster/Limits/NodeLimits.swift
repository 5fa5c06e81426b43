import Foundation
import TesseraCore

/// What a node takes on at most for all leaders together: the section `limits` of its file.
///
/// Beyond a limit the leader that asks is answered with one error, which names the limit, and its task ends. Others go on.
public struct NodeLimits: Configurable, ConfigurationValue, Equatable {
    public var tasks = 64
    public var requests = 1024
    /// MiB.
    public var memory: Int?
    /// MiB.
    public var weights: Int?

    public init() {}

    public static let typeDescription = "a map with the limits of a node"

    public static let keys: [Key<NodeLimits>] = [
        Key("tasks", \.tasks, "tasks under way at once, of all leaders together"),
        Key("requests", \.requests, "inferences under way at once, of each task"),
        Key(
            "memory", \.memory,
            "MiB for all tasks together, of messages without weights, of maps and of what compiled tiles compute in; half of the host's if left out"
        ),
        Key(
            "weights", \.weights,
            "MiB of weights that are kept, those of tasks that are over last, and as many that wait to be; half of the host's memory if left out"
        ),
    ]

    public func validate() throws {
        for (name, value) in [("tasks", tasks), ("requests", requests), ("memory", memory), ("weights", weights)] {
            guard value.map({ $0 >= 1 }) ?? true else {
                throw TesseraError(.invalidArgument, "expected '\(name)' to be at least 1, found \(value ?? 0)")
            }
            guard value ?? 1 <= 1 << 30 else {
                throw TesseraError(.invalidArgument, "expected '\(name)' to be at most \(1 << 30), found \(value ?? 0)")
            }
        }
    }

    var memoryByteCount: Int { memory.map { $0 << 20 } ?? HostMemory.byteCount / 2 }
    var weightByteCount: Int { weights.map { $0 << 20 } ?? HostMemory.byteCount / 2 }
    /// Of weights that wait to be kept.
    var arrivingByteCount: Int { weights.map { $0 << 20 } ?? HostMemory.byteCount / 4 }
}
