import TesseraCore

/// The nodes of a model that cannot be converted, collected so that all are reported at once.
struct ImportProblems {
    private static let limit = 100
    private var lines: [String] = []
    private var count = 0

    /// Runs the conversion of a node and keeps why it failed if the reason is that something is not supported.
    mutating func collect(_ node: ONNXNodeProto, _ convert: () throws -> Void) {
        do {
            try convert()
        } catch let error as TesseraError where error.code == .notSupported {
            add(node, error.message)
        } catch let error as TesseraError {
            if malformed == nil { malformed = error.located(path: Self.describe(node)) }
        } catch {
            if malformed == nil { malformed = TesseraError(.malformedFile, "\(error)", path: Self.describe(node)) }
        }
    }

    /// The first error of another kind; it may follow from what is not supported, so that comes first.
    private var malformed: TesseraError?

    private mutating func add(_ node: ONNXNodeProto, _ reason: String) {
        count += 1
        if lines.count < Self.limit { lines.append("\(Self.describe(node)): \(reason)") }
    }

    func throwIfAny() throws {
        guard count > 0 else {
            if let malformed { throw malformed }
            return
        }
        let nodes = count == 1 ? "1 node is" : "\(count) nodes are"
        let rest = count > lines.count ? ["and \(count - lines.count) more"] : []
        let head = "the model cannot be imported:"
        throw TesseraError(
            .notSupported,
            ([head] + lines + rest + ["\(nodes) not supported: \(lines.last ?? "")"]).joined(separator: "\n"))
    }

    static func describe(_ node: ONNXNodeProto) -> String {
        let name = node.name.isEmpty ? node.output.first.map { "the node of '\($0)'" } ?? "a node" : "'\(node.name)'"
        return "\(name) (\(node.opType))"
    }
}
