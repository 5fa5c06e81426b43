import TesseraCore

/// The inputs and nodes of a model that cannot be converted, collected so that all are reported at once.
struct ImportProblems {
    private static let limit = 100
    private var lines: [String] = []
    private var inputCount = 0
    private var nodeCount = 0

    /// Runs the conversion of a node and keeps why it failed.
    mutating func collect(_ node: ONNXNodeProto, _ convert: () throws -> Void) {
        let isSupported = collect(Self.describe(node), convert)
        if !isSupported { nodeCount += 1 }
    }

    /// Runs the conversion of an input and keeps why it failed.
    mutating func collect(input name: String, _ convert: () throws -> Void) {
        let isSupported = collect("input '\(name)'", convert)
        if !isSupported { inputCount += 1 }
    }

    /// False if something is not supported.
    private mutating func collect(_ what: String, _ convert: () throws -> Void) -> Bool {
        do {
            try convert()
        } catch let error as TesseraError where error.code == .notSupported {
            if lines.count < Self.limit { lines.append("\(what): \(error.message)") }
            return false
        } catch let error as TesseraError {
            if malformed == nil { malformed = error.located(path: what) }
        } catch {
            if malformed == nil { malformed = TesseraError(.malformedFile, "\(error)", path: what) }
        }
        return true
    }

    /// The first error of another kind; it may follow from what is not supported, so that comes first.
    private var malformed: TesseraError?

    /// - Throws: `notSupported` with all that is not, each on a line, or else the first error of another kind.
    func throwIfAny() throws {
        let count = inputCount + nodeCount
        guard count > 0 else {
            if let malformed { throw malformed }
            return
        }
        let counts = [(inputCount, "input"), (nodeCount, "node")].filter { $0.0 > 0 }
            .map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")" }
        let rest = count > lines.count ? ["and \(count - lines.count) more"] : []
        let head =
            "the model cannot be imported, as \(counts.joined(separator: " and ")) \(count == 1 ? "is" : "are") not supported:"
        throw TesseraError(.notSupported, ([head] + lines + rest).joined(separator: "\n"))
    }

    static func describe(_ node: ONNXNodeProto) -> String {
        let name = node.name.isEmpty ? node.output.first.map { "the node of '\($0)'" } ?? "a node" : "'\(node.name)'"
        return "\(name) (\(node.opType))"
    }
}
