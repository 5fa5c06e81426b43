import Synchronization
import TesseraCore
import Testing

@testable import TesseraCluster

@Suite struct OutboxTests {
    @Test("a peer that takes nothing holds up nobody else, and each peer gets its own in order")
    func slowPeer() async {
        let outbox = Outbox()
        let (gate, opened) = AsyncStream.makeStream(of: Void.self)
        let (arrivals, arrival) = AsyncStream.makeStream(of: String.self)
        outbox.post(to: "slow") {
            for await _ in gate { break }
            arrival.yield("slow 1")
        }
        outbox.post(to: "slow") { arrival.yield("slow 2") }
        for number in 1...3 { outbox.post(to: "fast") { arrival.yield("fast \(number)") } }
        var iterator = arrivals.makeAsyncIterator()
        for number in 1...3 { #expect(await iterator.next() == "fast \(number)") }
        opened.finish()
        #expect(await iterator.next() == "slow 1")
        #expect(await iterator.next() == "slow 2")
        outbox.close()
    }

    @Test("what cannot be sent is reported, and what was posted after it to the same peer is dropped")
    func failure() async {
        let (failures, failure) = AsyncStream.makeStream(of: String.self)
        let hasSentMore = Mutex(false)
        let outbox = Outbox { failure.yield("\($0)") }
        outbox.post(to: "lost") { throw TesseraError(.nodeFailure, "node 'lost' was lost") }
        outbox.post(to: "lost") { hasSentMore.withLock { $0 = true } }
        var iterator = failures.makeAsyncIterator()
        #expect(await iterator.next()?.contains("'lost' was lost") == true)
        #expect(!hasSentMore.withLock { $0 })
        outbox.close()
        outbox.post(to: "other") { Issue.record("a closed outbox sends nothing") }
    }
}
