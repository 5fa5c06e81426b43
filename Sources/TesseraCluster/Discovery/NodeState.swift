/// What a node is doing.
public enum NodeState: String, Sendable, Codable, CaseIterable {
    /// It works for nobody.
    case idle
    /// It has a part in a task that somebody leads.
    case working
    /// It is about to end.
    case leaving
}
