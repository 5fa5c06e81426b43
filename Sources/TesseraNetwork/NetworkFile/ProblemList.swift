import TesseraCore

/// Several independent errors, thrown as one.
struct ProblemList {
    private static let limit = 10
    private var errors: [TesseraError] = []
    private var texts: Set<String> = []

    var isFull: Bool { errors.count >= Self.limit }

    /// Adds an error, unless the same one is there: a mistake inside a repetition is one mistake.
    mutating func add(_ error: TesseraError) {
        let text =
            "\(error.location.map(String.init(describing:)) ?? "") \(error.location == nil ? error.description : error.message)"
        if !isFull, texts.insert(text).inserted { errors.append(error) }
    }

    /// Throws the first error, with the others in its message, each on a line.
    func throwIfAny() throws {
        guard var first = errors.first else { return }
        for other in errors.dropFirst() { first.message += "\n\(other)" }
        throw first
    }
}
