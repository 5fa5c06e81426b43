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
    private var readInputs: Set<Int> = []
    /// The first attribute that is not of the type that it was read as.
    private var misfit: TesseraError?
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
    func optionalInput(_ index: Int) -> Operand? {
        readInputs.insert(index)
        return inputs.indices.contains(index) ? inputs[index] : nil
    }

    /// Inputs that change nothing here.
    func ignoreInputs(_ indices: Int...) { readInputs.formUnion(indices) }

    /// An optional input of which an empty constant means none.
    func nonEmptyInput(_ index: Int) -> Operand? { optionalInput(index).flatMap { $0.isEmptyConstant ? nil : $0 } }

    /// True if somebody may read output `index`.
    func wants(output index: Int) -> Bool { proto.output.indices.contains(index) && !proto.output[index].isEmpty }

    // MARK: Attributes

    /// An attribute of a type; nil if the node has none of that name, or, which is kept for later, one of another type.
    private func attribute(_ name: String, _ type: ONNXAttributeProto.AttributeType) -> ONNXAttributeProto? {
        readAttributes.insert(name)
        guard let attribute = attributes[name] else { return nil }
        guard attribute.refAttrName.isEmpty else {
            misfit =
                misfit
                ?? TesseraError(
                    .malformedFile,
                    "the attribute '\(name)' refers to '\(attribute.refAttrName)', but stands in no function")
            return nil
        }
        let found = attribute.givenType
        guard found == type || found == .undefined else {
            misfit =
                misfit
                ?? TesseraError(
                    .malformedFile,
                    "expected the attribute '\(name)' of type \(type.onnxName), found \(found.onnxName)")
            return nil
        }
        return attribute
    }

    func integer(_ name: String) -> Int? { attribute(name, .int).map { Int($0.i) } }
    func integer(_ name: String, default value: Int) -> Int { integer(name) ?? value }
    func requiredInteger(_ name: String) throws -> Int {
        guard let value = integer(name) else {
            throw misfit ?? TesseraError(.malformedFile, "the attribute '\(name)' is missing")
        }
        return value
    }
    func flag(_ name: String, default value: Bool = false) -> Bool { integer(name).map { $0 != 0 } ?? value }
    func integers(_ name: String) -> [Int]? { attribute(name, .ints).map { $0.ints.map(Int.init) } }
    func number(_ name: String) -> Float? { attribute(name, .float).map(\.f) }
    func number(_ name: String, default value: Float) -> Float { number(name) ?? value }
    func numbers(_ name: String) -> [Float]? { attribute(name, .floats)?.floats }
    func string(_ name: String) -> String? { attribute(name, .string).map { String(decoding: $0.s, as: UTF8.self) } }
    func string(_ name: String, default value: String) -> String { string(name) ?? value }
    func strings(_ name: String) -> [String]? {
        attribute(name, .strings).map { $0.strings.map { String(decoding: $0, as: UTF8.self) } }
    }
    func tensor(_ name: String) throws -> Tensor? { try attribute(name, .tensor).map { try importer.tensor($0.t) } }
    /// Attributes that change nothing here.
    func ignore(_ names: String...) { readAttributes.formUnion(names) }

    /// What the node becomes.
    ///
    /// - Throws: what the converter throws; `malformedFile` for attributes of another type than they have and inputs that the
    ///   operator does not take, `notSupported` for attributes that the converter did not look at.
    func converted(by converter: NodeConverter) throws -> [Operand] {
        let outputs = Result { try converter(self) }
        // What follows from an attribute that could not be read says less.
        if let misfit { throw misfit }
        let operands = try outputs.get()
        try requireAllAttributesRead()
        if let surplus = inputs.indices.first(where: { inputs[$0] != nil && !readInputs.contains($0) }) {
            throw TesseraError(
                .malformedFile,
                "it has an input \(surplus), '\(proto.input[surplus])', which the operator does not take in opset \(opset)"
            )
        }
        return operands
    }

    private func requireAllAttributesRead() throws {
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

extension ONNXAttributeProto {
    /// The type that is stated or else follows from the field that is set, as in the first models; `undefined` if neither says.
    fileprivate var givenType: AttributeType {
        if type != .undefined { return type }
        if hasF { return .float }
        if hasI { return .int }
        if hasS { return .string }
        if hasT { return .tensor }
        if !floats.isEmpty { return .floats }
        if !ints.isEmpty { return .ints }
        return strings.isEmpty ? .undefined : .strings
    }
}

extension ONNXAttributeProto.AttributeType {
    /// What ONNX calls the type.
    fileprivate var onnxName: String {
        "\(self)".split(separator: ".").last.map { $0.uppercased() } ?? "\(rawValue)"
    }
}
