import Foundation
import Testing
import TesseraCluster
import TesseraCore
import TransportTCP

/// Speed of the transports. Run with
/// `TESSERA_BENCHMARKS=1 swift test -c release --filter TransportBenchmarks`.
@Suite(.serialized, .enabled(if: ProcessInfo.processInfo.environment["TESSERA_BENCHMARKS"] != nil))
struct TransportBenchmarks {
    private func withPair(_ body: (TCPTransport, TCPTransport) async throws -> Void) async throws {
        let a = try await TCPTransport.start(
            TransportOptions(information: PeerInformation(peer: "a"), listen: "127.0.0.1:0"))
        let b = try await TCPTransport.start(
            TransportOptions(information: PeerInformation(peer: "b"), peers: [try #require(a.listenAddress)]))
        while a.peers.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
        try await body(a, b)
        await a.close()
        await b.close()
    }

    /// Seconds of processor time that this process has taken.
    private var processorTime: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// Payload from `send` to its arrival as a tensor. Held against processor time, which other programs on the machine
    /// disturb less than the time on the wall: at most 2 s per GB for both ends together.
    @Test(arguments: [100_000_000, 10_000_000, 1_000_000, 100_000])
    func throughput(byteCount: Int) async throws {
        try await withPair { a, b in
            let tensor = try Tensor(zeros: [byteCount], elementType: .u8)
            let message = Message(kind: "tensor", payload: [Blob(tensor)])
            let count = max(10, 1_000_000_000 / byteCount)
            let receiver = Task {
                var arrivals: [ContinuousClock.Instant] = []
                for await case .received(let message, _) in a.events {
                    _ = try message.blob(0).tensor(shape: tensor.shape, elementType: .u8)
                    arrivals.append(.now)
                    if arrivals.count == count { break }
                }
                return arrivals
            }
            let (start, processorStart) = (ContinuousClock.now, processorTime)
            for _ in 0..<count { try await b.send(message, to: "a") }
            let arrivals = try await receiver.value
            let whole = (try #require(arrivals.last) - start) / .seconds(1)
            let first = (try #require(arrivals.first) - start) / .seconds(1)
            let rate = Double(byteCount * count) / whole / 1e9
            let processor = (processorTime - processorStart) / Double(byteCount * count) * 1e9
            print(
                "throughput: \(count) x \(byteCount) bytes: \(rate) GB/s, \(processor) s of processor time per GB, "
                    + "first after \(first * 1e3) ms")
            #expect(processor < 2)
        }
    }

    /// There and back, one small message at a time.
    @Test func roundTrip() async throws {
        try await withPair { a, b in
            let echo = Task {
                for await case .received(let message, let peer) in a.events { try await a.send(message, to: peer) }
            }
            var times: [Double] = []
            var start = ContinuousClock.now
            try await b.send(Message(kind: "ping"), to: "a")
            for await case .received(let message, _) in b.events {
                times.append((ContinuousClock.now - start) / .microseconds(1))
                if times.count == 20_000 { break }
                start = .now
                try await b.send(message, to: "a")
            }
            times.sort()
            print("round trip: median \(times[times.count / 2]) us, 99 % within \(times[times.count * 99 / 100]) us")
            echo.cancel()
        }
    }

    @Test func smallMessages() async throws {
        try await withPair { a, b in
            let count = 200_000
            let message = try Message(
                kind: "small", body: ["tile": 3], payload: [Blob([UInt8](repeating: 1, count: 64))])
            let start = ContinuousClock.now
            let sender = Task { for _ in 0..<count { try await b.send(message, to: "a") } }
            var received = 0
            for await case .received in a.events {
                received += 1
                if received == count { break }
            }
            try await sender.value
            print("small messages: \(Int(Double(count) / ((ContinuousClock.now - start) / .seconds(1)))) a second")
        }
    }
}
