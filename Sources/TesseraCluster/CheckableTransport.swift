/// What checks need of a transport beside what nodes do.
package protocol CheckableTransport: Transport {
    /// Ends all connections without leave, as a crash does. The own events end as well.
    func abort() async

    /// The largest message in bytes, what it takes to send it included; nil for any.
    var largestMessage: Int? { get }
}

extension LoopbackTransport: CheckableTransport {
    package func abort() async { drop() }
    package var largestMessage: Int? { nil }
}
