import TesseraCluster
import TesseraCore

extension Deployment {
    /// What became of a stream of inferences.
    public struct StreamReport: Sendable {
        /// How many there were.
        public var inferences = 0
        /// From the first input until the last output, reading and writing included.
        public var seconds = 0.0
        /// How long each inference took from its input to its outputs, in order.
        public var latencies: [Duration] = []
        /// Bytes of all inferences: from and to the leader, and between other nodes.
        public var bytesSent = 0
        public var bytesReceived = 0
        public var bytesExchanged = 0

        /// Inferences in a second.
        public var throughput: Double { seconds > 0 ? Double(inferences) / seconds : 0 }
    }

    /// Runs a stream of inferences, several of them at once, so that nodes that are done with one can go on with the next.
    ///
    /// - Parameters:
    ///   - atOnce: how many are under way at most, which bounds the memory on every node.
    ///   - input: gives the inputs of each, in order; nil ends the stream.
    ///   - output: gets the outputs of each, in order.
    /// - Throws: `nodeFailure` for a node that fails or if all are lost, and what `input` and `output` throw.
    public func stream(
        atOnce: Int, input: (Int) throws -> [String: Tensor]?, output: (Int, [String: Tensor]) throws -> Void
    ) async throws -> StreamReport {
        guard atOnce >= 1 else {
            throw TesseraError(.invalidArgument, "expected at least 1 inference at once, found \(atOnce)")
        }
        let clock = ContinuousClock()
        let start = clock.now
        var report = StreamReport()
        try await withThrowingTaskGroup(of: (Int, [String: Tensor], ClusterTask.Report).self) { group in
            var started = 0
            var finished: [Int: [String: Tensor]] = [:]
            var latencies: [Int: Duration] = [:]
            var isOver = false
            while true {
                // Outputs that wait for an earlier one count, too.
                while !isOver, started - report.inferences < atOnce {
                    guard let inputs = try input(started) else {
                        isOver = true
                        break
                    }
                    let index = started
                    group.addTask {
                        let (outputs, own) = try await self.run(inputs)
                        return (index, outputs, own)
                    }
                    started += 1
                }
                guard let (index, outputs, own) = try await group.next() else { break }
                (finished[index], latencies[index]) = (outputs, own.latency)
                report.bytesSent += own.bytesSent
                report.bytesReceived += own.bytesReceived
                report.bytesExchanged = Shape.saturatingSum(report.bytesExchanged, own.bytesExchanged)
                while let outputs = finished.removeValue(forKey: report.inferences) {
                    try output(report.inferences, outputs)
                    report.latencies += [latencies.removeValue(forKey: report.inferences)].compactMap { $0 }
                    report.inferences += 1
                }
            }
        }
        report.seconds = (clock.now - start) / .seconds(1)
        return report
    }
}
