import TesseraCore

/// `when: stride != 1`, or `when: {condition: stride != 1, name: shortcut, from: input}`: the `layers:` beside it if the
/// condition holds, else those of the `else:` beside it, if any.
struct WhenDeclaration: Configurable {
    var condition = Configuration(.null)
    /// What the layers are together called; nil for layers that belong to those around.
    var name: String?
    var from: [String]?

    static var shorthandKey: String? { "condition" }

    static var keys: [Key<Self>] {
        [
            Key(required: "condition", \.condition, "when the layers are there, such as stride != 1"),
            Key("name", \.name, "what the layers are together called"),
            Key("from", \.from, "what the first of them reads"),
        ]
    }

    func validate() throws {
        guard from == nil || name != nil else {
            throw TesseraError(
                .invalidArgument, "expected a 'name' beside 'from', by which others refer to these layers")
        }
    }
}
