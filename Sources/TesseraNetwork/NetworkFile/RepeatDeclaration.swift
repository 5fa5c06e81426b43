import TesseraCore

/// `repeat: {count: 3, index: block, start: 1, with: {channels: [16, 32, 64]}}`: the `layers:` beside it, several times.
struct RepeatDeclaration: Configurable {
    var count = 0
    var index: String?
    var start = 0
    var with = Configuration.empty

    static var keys: [Key<Self>] {
        [
            Key(required: "count", \.count, "how many times"),
            Key("index", \.index, "the name of the variable that counts"),
            Key("start", \.start, "the first value of that variable"),
            Key("with", \.with, "variables by name, each a list of one value for every time"),
        ]
    }

    func validate() throws {
        guard count >= 0 else {
            throw TesseraError(.invalidArgument, "expected a count of at least 0, found \(count)", path: "count")
        }
        if let index { try TemplateScope.checkName(index) }
        for entry in try variables() {
            try locatingErrors(at: entry.keyLocation) { try TemplateScope.checkName(entry.key) }
            guard entry.key != index else {
                throw TesseraError(
                    .invalidArgument, "'\(index ?? "")' is the index already", location: entry.keyLocation)
            }
            let values = try entry.value.elements(expecting: "a list of \(count) values")
            guard values.count == count else {
                throw TesseraError(
                    .invalidArgument, "expected \(count) values, one for each time, found \(values.count)",
                    path: "with.\(entry.key)", location: entry.value.location)
            }
        }
    }

    /// The variables of one time, counted from 0.
    func scope(_ turn: Int, in outer: TemplateScope) throws -> TemplateScope {
        var scope = outer
        if let index { scope = scope.with(index, Configuration(.integer(start + turn))) }
        for entry in try variables() { scope = scope.with(entry.key, try entry.value.elements()[turn]) }
        return scope
    }

    private func variables() throws -> [Configuration.Entry] {
        with.isNull ? [] : try with.entries(expecting: "a map of variables")
    }
}
