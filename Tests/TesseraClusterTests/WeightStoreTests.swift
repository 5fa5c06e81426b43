import Testing
import TesseraCore

@testable import TesseraCluster

@Suite struct WeightStoreTests {
    private let store = WeightStore(limit: 100)

    /// 40 bytes each.
    private func weight(_ value: Float) throws -> (tensor: Tensor, hash: ContentHash) {
        let tensor = try Tensor([Float](repeating: value, count: 10), shape: [10])
        return (tensor, ContentHash(tensor))
    }

    @Test func whatNobodyUsesMakesRoomInTheOrderOfUse() throws {
        let (a, b, c) = (try weight(1), try weight(2), try weight(3))
        for one in [a, b] { try store.use().insert(one.tensor, for: one.hash) }
        #expect(store.use()[a.hash] == a.tensor)
        try store.use().insert(c.tensor, for: c.hash)
        #expect(store.use()[b.hash] == nil)
        #expect(store.use()[a.hash] == a.tensor)
        #expect(store.content.count == 2 && store.content.byteCount == 80)
    }

    @Test func whatIsInUseStays() throws {
        let (a, b, c) = (try weight(1), try weight(2), try weight(3))
        let use = store.use()
        try use.insert(a.tensor, for: a.hash)
        let other = store.use()
        try other.insert(b.tensor, for: b.hash)
        #expect(other[a.hash] == a.tensor)
        let error = #expect(throws: TesseraError.self) { try store.use().insert(c.tensor, for: c.hash) }
        #expect(error?.code == .limitExceeded)
        #expect(
            error?.message == "expected at most 100 bytes of weights (the limit 'weights'), found 80 in use and 40 more"
        )
        withExtendedLifetime((use, other)) {}
    }

    @Test func aWeightIsFreeOnceTheLastUseIsOver() throws {
        let (a, b, c) = (try weight(1), try weight(2), try weight(3))
        var first: WeightStore.Use? = store.use()
        try first?.insert(a.tensor, for: a.hash)
        try first?.insert(b.tensor, for: b.hash)
        let second = store.use()
        _ = (second[a.hash], second[a.hash])
        first = nil
        // Only 'b' can go.
        try store.use().insert(c.tensor, for: c.hash)
        #expect(store.use()[b.hash] == nil && store.use()[c.hash] != nil)
        #expect(second[a.hash] == a.tensor)
    }

    @Test func aBudgetIsGivenBack() throws {
        let budget = ByteBudget("memory", limit: 10)
        var share: ByteBudget.Share? = try budget.reserve(7)
        let error = #expect(throws: TesseraError.self) { try budget.reserve(4) }
        #expect(error?.message == "expected at most 10 bytes (the limit 'memory'), found 7 in use and 4 more")
        #expect(throws: TesseraError.self) { try budget.reserve(.max) }
        #expect(budget.byteCount == 7 && share?.byteCount == 7)
        share = nil
        #expect(budget.byteCount == 0)
        _ = try budget.reserve(10)
    }
}
