import TesseraCore

/// The order in which nodes can be converted: every one after those whose outputs it reads.
struct NodeOrder {
    private let nodes: [ONNXNodeProto]
    /// The node that makes each value.
    private var producers: [String: Int] = [:]

    /// - Parameter known: values that no node makes.
    /// - Throws: `malformedFile` if a value is made twice.
    init(_ nodes: [ONNXNodeProto], known: [String]) throws {
        self.nodes = nodes
        let known = Set(known)
        for (index, node) in nodes.enumerated() {
            for name in node.output where !name.isEmpty {
                guard producers.updateValue(index, forKey: name) == nil, !known.contains(name) else {
                    throw TesseraError(.malformedFile, "the value '\(name)' is made twice")
                }
            }
        }
    }

    /// The nodes that the given values depend on, by index.
    ///
    /// - Throws: `malformedFile` if a node depends on itself.
    func nodes(neededFor outputs: [String]) throws -> [Int] {
        enum Mark { case open, done }
        var marks: [Int: Mark] = [:]
        var order: [Int] = []
        // Depth first with a stack of its own: a chain of nodes may be long.
        var stack = outputs.reversed().compactMap { producers[$0] }
        while let node = stack.last {
            switch marks[node] {
            case .done?:
                stack.removeLast()
            case .open?:
                stack.removeLast()
                marks[node] = .done
                order.append(node)
            case nil:
                marks[node] = .open
                for name in nodes[node].input.reversed() {
                    guard let producer = producers[name] else { continue }
                    switch marks[producer] {
                    case .done?: break
                    case .open?:
                        throw TesseraError(
                            .malformedFile, "\(ImportProblems.describe(nodes[node])) depends on itself")
                    case nil: stack.append(producer)
                    }
                }
            }
        }
        // The file's own order is better to read where it is one.
        return isOrder(order.sorted()) ? order.sorted() : order
    }

    private func isOrder(_ order: [Int]) -> Bool {
        order.allSatisfy { node in
            nodes[node].input.allSatisfy { name in producers[name].map { $0 < node } ?? true }
        }
    }
}
