import Synchronization

/// What a script printed.
final class Lines: Sendable {
    private let content = Mutex("")
    var text: String { content.withLock { $0 } }
    var add: @Sendable (String) -> Void { { line in self.content.withLock { $0 += line } } }
}
