import TesseraCore

/// Why a task cannot go on, though others may finish what it was about: a node of it cannot be reached any more, by the leader or by
/// another node.
struct NodeLoss: Error {
    /// What to tell whoever cannot go on either.
    let error: TesseraError

    init(_ error: TesseraError) { self.error = error }

    /// Throws what those who do nothing about a loss understand.
    static func asError<Result: Sendable>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
    ) async throws -> Result {
        do { return try await body() } catch let loss as NodeLoss { throw loss.error }
    }
}
