/// Something that a module promises, and how to see whether it keeps it.
public struct ConformanceCheck: Sendable {
    /// The promise, in words.
    public let promise: String
    private let body: @Sendable () async throws -> Void

    init(_ promise: String, _ body: @escaping @Sendable () async throws -> Void) {
        (self.promise, self.body) = (promise, body)
    }

    /// - Throws: what does not hold, or what the module threw.
    public func run() async throws { try await body() }
}

/// A promise that does not hold.
struct BrokenPromise: Error, CustomStringConvertible {
    let description: String
}
