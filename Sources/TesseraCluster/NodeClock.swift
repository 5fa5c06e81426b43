import Dispatch

/// The clock of a node: nanoseconds since some instant, which differs between machines.
public struct NodeClock: Sendable {
    private let read: @Sendable () -> Int64

    public init(_ read: @escaping @Sendable () -> Int64) { self.read = read }

    public var now: Int64 { read() }

    /// The clock of this machine, which all its processes share. It never goes back.
    public static let monotonic = NodeClock { Int64(truncatingIfNeeded: DispatchTime.now().uptimeNanoseconds) }
}
