import TesseraCore

/// Several independent errors, thrown as one.
struct ProblemList {
    private static let limit = 10
    private var errors: [TesseraError] = []
    private var texts: Set<String> = []

    var isFull: Bool { errors.count >= Self.limit }
    var isEmpty: Bool { errors.isEmpty }

    /// Adds an error, unless the same one is there: a mistake inside a repetition or a block is one mistake.
    ///
    /// - Parameter uses: the blocks that the error is in, outermost first.
    mutating func add(_ error: TesseraError, in uses: [BlockUse] = []) {
        let place = error.location.map(String.init(describing:))
        guard !isFull, texts.insert("\(place ?? "") \(place == nil ? error.description : error.message)").inserted
        else {
            return
        }
        var error = error
        if !uses.isEmpty { error.message += " (" + uses.reversed().map(\.description).joined(separator: ", ") + ")" }
        errors.append(error)
    }

    /// What `body` gives; nil if it throws, and the error is added.
    @discardableResult
    mutating func collect<Result>(_ body: () throws -> Result) -> Result? {
        do {
            return try body()
        } catch {
            add(error as? TesseraError ?? TesseraError(.invalidArgument, "\(error)"))
            return nil
        }
    }

    /// What `body` gives; nil if it throws, and the error is added with `path` in front of its path.
    mutating func collect<Result>(in path: String, _ body: () throws -> Result) -> Result? {
        collect { try nestingErrors(path: path) { try body() } }
    }

    /// Adds what is in another list.
    mutating func add(_ other: ProblemList) { for error in other.errors { add(error) } }

    /// Throws the first error of the file, with the others in its message, each on a line.
    func throwIfAny() throws {
        let ordered = errors.enumerated().sorted { $0.element.order($0.offset) < $1.element.order($1.offset) }
        guard var first = ordered.first?.element else { return }
        for other in ordered.dropFirst() { first.message += "\n\(other.element)" }
        throw first
    }
}

extension TesseraError {
    /// Where it comes among others: by its place, else as it was found.
    fileprivate func order(_ offset: Int) -> (Int, Int, Int) {
        (location?.line ?? 0, location?.column ?? 0, offset)
    }
}

/// Where a block is used.
struct BlockUse: CustomStringConvertible {
    var block: String
    var location: SourceLocation?

    var description: String { "in block '\(block)'" + (location.map { ", used at \($0)" } ?? "") }
}
