import TesseraCore

/// What decides whether layers are there: a truth value, or an expression with or without its braces.
struct Condition: ConfigurationValue, Equatable {
    var configuration = Configuration(.null)

    init() {}
    init(configuration: Configuration) { self.configuration = configuration }

    static var typeDescription: String { "boolean or expression" }
    static var schema: ConfigurationSchema { .either([.boolean, .text]) }
}

/// `when: stride != 1`, or `when: {condition: stride != 1, name: shortcut, from: input}`: the `layers:` beside it if the
/// condition holds, else those of the `else:` beside it, if any.
struct WhenDeclaration: Configurable {
    var condition = Condition()
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
