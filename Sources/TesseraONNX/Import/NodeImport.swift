import TesseraCore

/// One node while it is converted: its inputs and attributes, and the way to add layers for it.
final class NodeImport {
    let proto: ONNXNodeProto
    /// The version of ONNX's operators that the node was written for.
    let opset: Int
    let inputs: [Operand?]
    private let importer: GraphImporter
    private let attributes: [String: ONNXAttributeProto]
    private var readAttributes: Set<String> = []
    /// What the node's layers are called after.
    private let scope: String

    init(_ proto: ONNXNodeProto, opset: Int, scope: String, inputs: [Operand?], importer: GraphImporter) {
        self.proto = proto
        self.opset = opset
        self.scope = scope
        self.inputs = inputs
        self.importer = importer
        attributes = Dictionary(proto.attribute.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    // MARK: Inputs and outputs

    /// Input `index`, which the node must have.
    func input(_ index: Int) throws -> Operand {
        guard let operand = optionalInput(index) else {
            throw TesseraError(.malformedFile, "input \(index) is missing")
        }
        return operand
    }

    /// Input `index`, nil if it is left out.
    func optionalInput(_ index: Int) -> Operand? { inputs.indices.contains(index) ? inputs[index] : nil }

    /// An optional input of which an empty constant means none.
    func nonEmptyInput(_ index: Int) -> Operand? { optionalInput(index).flatMap { $0.isEmptyConstant ? nil : $0 } }

    /// True if somebody may read output `index`.
    func wants(output index: Int) -> Bool { proto.output.indices.contains(index) && !proto.output[index].isEmpty }

    // MARK: Attributes

    private func attribute(_ name: String) -> ONNXAttributeProto? {
        readAttributes.insert(name)
        return attributes[name]
    }

    func integer(_ name: String) -> Int? { attribute(name).flatMap { $0.hasI ? Int($0.i) : nil } }
    func integer(_ name: String, default value: Int) -> Int { integer(name) ?? value }
    func requiredInteger(_ name: String) throws -> Int {
        guard let value = integer(name) else {
            throw TesseraError(.malformedFile, "the attribute '\(name)' is missing")
        }
        return value
    }
    func flag(_ name: String, default value: Bool = false) -> Bool { integer(name).map { $0 != 0 } ?? value }
    func integers(_ name: String) -> [Int]? { attribute(name).map { $0.ints.map(Int.init) } }
    func number(_ name: String) -> Float? { attribute(name).flatMap { $0.hasF ? $0.f : nil } }
    func number(_ name: String, default value: Float) -> Float { number(name) ?? value }
    func numbers(_ name: String) -> [Float]? { attribute(name)?.floats }
    func string(_ name: String) -> String? {
        attribute(name).flatMap { $0.hasS ? String(decoding: $0.s, as: UTF8.self) : nil }
    }
    func string(_ name: String, default value: String) -> String { string(name) ?? value }
    func strings(_ name: String) -> [String]? {
        attribute(name).map { $0.strings.map { String(decoding: $0, as: UTF8.self) } }
    }
    func tensor(_ name: String) throws -> Tensor? {
        try attribute(name).flatMap { $0.hasT ? $0.t : nil }.map { try importer.tensor($0) }
    }
    /// Attributes that change nothing here.
    func ignore(_ names: String...) { readAttributes.formUnion(names) }

    /// Throws `notSupported` for attributes that the conversion did not look at.
    func requireAllAttributesRead() throws {
        let rest = attributes.keys.filter { !readAttributes.contains($0) }.sorted()
        guard rest.isEmpty else {
            throw TesseraError(
                .notSupported,
                "the attribute\(rest.count > 1 ? "s" : "") \(rest.joined(separator: ", ")) in opset \(opset)")
        }
    }

    // MARK: Layers

    /// An input of a layer by the name that the operator gives it.
    struct Slot {
        let name: String
        let operand: Operand?
        let isParameter: Bool

        static func data(_ name: String, _ operand: Operand?) -> Slot {
            Slot(name: name, operand: operand, isParameter: false)
        }
        /// One that becomes a weight of the layer if it is a constant.
        static func parameter(_ name: String, _ operand: Operand?) -> Slot {
            Slot(name: name, operand: operand, isParameter: true)
        }
    }

    /// Adds a layer that reads `inputs` in the operator's order.
    ///
    /// - Parameters:
    ///   - suffix: what the layer does for the node; nil for the layer that has the node's name.
    ///   - facts: what is known of its output.
    @discardableResult
    func emit(
        _ type: String, _ keys: Keys = [:], _ inputs: [Operand], as suffix: String? = nil, facts: ValueFacts
    ) throws -> Operand {
        let slots = inputs.enumerated().map { Slot.data("\($0.offset)", $0.element) }
        return try emit(type, keys, slots: slots, as: suffix, facts: facts)
    }

    /// Adds a layer some of whose inputs may be left out.
    @discardableResult
    func emit(
        _ type: String, _ keys: Keys = [:], slots: [Slot], as suffix: String? = nil, facts: ValueFacts
    ) throws -> Operand {
        try emit(type, keys, slots: slots, outputs: [], as: suffix, facts: [facts])[0]
    }

    /// Adds a layer with several outputs: the first, and those that are named.
    func emit(
        _ type: String, _ keys: Keys = [:], slots: [Slot], outputs: [String], as suffix: String? = nil,
        facts: [ValueFacts]
    ) throws -> [Operand] {
        let base = LayerNames.base(
            node: proto.name, operatorType: proto.opType, output: proto.output.first { !$0.isEmpty } ?? "")
        var name = suffix.map { "\(base).\($0)" } ?? base
        if !scope.isEmpty { name = "\(scope).\(name)" }
        if suffix == nil, let weight = slots.first(where: { $0.name == "weight" })?.operand?.constant?.name,
            weight.hasSuffix(".weight")
        {
            let preferred = LayerNames.sanitized(String(weight.dropLast(".weight".count)))
            if !preferred.isEmpty, importer.names.isFree(preferred) { name = preferred }
        }
        return try importer.addLayer(type, named: name, keys, slots: slots, outputs: outputs, facts: facts)
    }

    /// A constant that the conversion needs: `values` as numbers of a type.
    func constant(_ values: [Double], shape: Shape = [], type: ElementType) throws -> Operand {
        .constant(Operand.Constant(name: "", tensor: try Tensor(reals: values, shape: shape, elementType: type)))
    }

    func constant(_ value: Double, type: ElementType) throws -> Operand { try constant([value], type: type) }

    func integers(_ values: [Int]) throws -> Operand {
        try constant(values.map(Double.init), shape: [values.count], type: .i64)
    }

    /// "not supported: …" for this node.
    func unsupported(_ reason: String) -> TesseraError { TesseraError(.notSupported, reason) }
}
