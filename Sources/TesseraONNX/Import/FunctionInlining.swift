import TesseraCore

/// Replaces nodes that call a function of the model by the function's nodes.
struct FunctionInlining {
    struct Node {
        var proto: ONNXNodeProto
        /// The version of ONNX's own operators that it was written for.
        let opset: Int
        /// The calls it stands in, joined by dots.
        let scope: String
    }

    private static let depthLimit = 32
    private static let nodeLimit = 1 << 18

    private struct Name: Hashable {
        let domain: String, name: String, overload: String
    }

    private let model: ONNXModelProto
    private var functions: [Name: ONNXFunctionProto] = [:]
    private var nodes: [Node] = []
    private var calls = 0

    init(_ model: ONNXModelProto) {
        self.model = model
        for function in model.functions {
            functions[Name(domain: function.domain, name: function.name, overload: function.overload)] = function
        }
    }

    /// All nodes of the graph, none of which calls a function of the model.
    ///
    /// - Throws: `limitExceeded` if functions call each other without end, or make too many nodes.
    func inlined() throws -> [Node] {
        var inlining = self
        let opset = try Self.opset(model.opsetImport)
        try inlining.add(model.graph.node, opset: opset, scope: "", depth: 0)
        return inlining.nodes
    }

    private mutating func add(_ protos: [ONNXNodeProto], opset: Int, scope: String, depth: Int) throws {
        for proto in protos {
            let name = Name(domain: proto.domain, name: proto.opType, overload: proto.overload)
            if let function = functions[name] {
                try call(function, by: proto, opset: opset, scope: scope, depth: depth + 1)
            } else {
                guard nodes.count < Self.nodeLimit else {
                    throw TesseraError(.limitExceeded, "expected at most \(Self.nodeLimit) nodes")
                }
                nodes.append(Node(proto: proto, opset: opset, scope: scope))
            }
        }
    }

    private mutating func call(
        _ function: ONNXFunctionProto, by node: ONNXNodeProto, opset: Int, scope: String, depth: Int
    ) throws {
        guard depth <= Self.depthLimit, calls < Self.nodeLimit else {
            throw TesseraError(.limitExceeded, "the function '\(function.name)' is called within itself or too often")
        }
        calls += 1
        let call = calls
        var values: [String: String] = ["": ""]
        for (index, name) in function.input.enumerated() {
            values[name] = node.input.indices.contains(index) ? node.input[index] : ""
        }
        for (index, name) in function.output.enumerated() where node.output.indices.contains(index) {
            if !node.output[index].isEmpty { values[name] = node.output[index] }
        }
        func renamed(_ name: String) -> String { values[name] ?? "\(name)#\(call)" }
        var attributes = Dictionary(
            function.attributeProto.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
        for attribute in node.attribute { attributes[attribute.name] = attribute }
        let body = function.node.map { inner in
            var proto = inner
            proto.input = inner.input.map(renamed)
            proto.output = inner.output.map(renamed)
            proto.attribute = inner.attribute.compactMap { Self.resolved($0, attributes) }
            return proto
        }
        let own = LayerNames.sanitized(node.name.isEmpty ? "\(node.opType)\(call)" : node.name)
        let version = try function.opsetImport.isEmpty ? opset : Self.opset(function.opsetImport)
        try add(body, opset: version, scope: scope.isEmpty ? own : "\(scope).\(own)", depth: depth)
        try passInputsThrough(function, node: node, values: values, opset: version, scope: own)
    }

    /// A function may name an input as its output.
    private mutating func passInputsThrough(
        _ function: ONNXFunctionProto, node: ONNXNodeProto, values: [String: String], opset: Int, scope: String
    ) throws {
        let made = Set(function.node.flatMap(\.output))
        for (index, name) in function.output.enumerated()
        where !made.contains(name) && node.output.indices.contains(index) {
            guard let position = function.input.firstIndex(of: name), node.input.indices.contains(position) else {
                throw TesseraError(.malformedFile, "the function '\(function.name)' does not make its output '\(name)'")
            }
            var identity = ONNXNodeProto()
            identity.opType = "Identity"
            identity.input = [node.input[position]]
            identity.output = [node.output[index]]
            nodes.append(Node(proto: identity, opset: opset, scope: scope))
        }
    }

    /// The attribute with the value that the call gives it; nil if the call leaves it out.
    private static func resolved(
        _ attribute: ONNXAttributeProto, _ given: [String: ONNXAttributeProto]
    ) -> ONNXAttributeProto? {
        guard attribute.hasRefAttrName, !attribute.refAttrName.isEmpty else { return attribute }
        guard var value = given[attribute.refAttrName] else { return nil }
        value.name = attribute.name
        return value
    }

    /// The version of ONNX's own operators among the imported sets.
    ///
    /// - Throws: `notSupported` for one that is newer than those that are known.
    private static func opset(_ sets: [ONNXOperatorSetIdProto]) throws -> Int {
        let versions = sets.filter { $0.domain.isEmpty || $0.domain == "ai.onnx" }.map { Int($0.version) }
        // Models of IR version 2 and before name none and mean the first.
        let version = versions.max() ?? 1
        guard version <= NodeConverters.newestOpset else {
            throw TesseraError(
                .notSupported,
                "opset \(version) is not supported; the newest that is known is \(NodeConverters.newestOpset)")
        }
        return version
    }
}
