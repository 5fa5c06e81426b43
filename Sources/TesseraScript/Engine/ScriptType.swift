/// What scripts see of a Swift class: its name, methods and properties.
public struct ScriptType {
    /// The name in signatures: `Network`.
    public let name: String
    /// One line on what it is, for the reference.
    public let summary: String
    public let methods: [Binding]
    /// Values that are read like fields: `plan.redundancy`.
    public let properties: [Binding]
    /// Lua's operators, by the name of the metamethod: `__len`, `__add`, `__call`.
    public let operators: [Binding]
    /// What an index that is no name gives: `tensor[1]`.
    public let element: Binding?
    /// True if `object:close()` and `local object <close>` release it before it is collected.
    public let isClosable: Bool

    public init(
        _ name: String, _ summary: String, methods: [Binding] = [], properties: [Binding] = [],
        operators: [Binding] = [], element: Binding? = nil, isClosable: Bool = false
    ) {
        self.name = name
        self.summary = summary
        self.methods = methods
        self.properties = properties
        self.operators = operators
        self.element = element
        self.isClosable = isClosable
    }

    /// What can be called on an instance.
    var methodNames: [String] { methods.map(\.name) + (isClosable ? ["close"] : []) }

    /// The name in a sentence: "a network", "an image".
    var noun: String {
        let word = name.lowercased()
        return (word.first.map("aeiou".contains) == true ? "an " : "a ") + word
    }
}
