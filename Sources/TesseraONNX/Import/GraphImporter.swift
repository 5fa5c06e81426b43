import TesseraCore

/// Converts the nodes of a graph one after another and keeps what they make.
final class GraphImporter {
    /// Layers that are made at most: far more than any model has, far fewer than a hostile one may ask for.
    private static let layerLimit = 1 << 18
    /// Elements up to which a constant is written into the network instead of among its weights.
    private static let inlineLimit = 16

    private(set) var names: LayerNames
    private(set) var layers: [ImportedGraph.Layer] = []
    /// What every value of the model is, by its name there.
    private var values: [String: Operand] = [:]
    /// The types and shapes that the model states, by value.
    private var stated: [String: ValueFacts]
    /// The layers that hold constants.
    private var constantLayers: [Operand.Constant.Identity: Operand] = [:]

    init(inputs: [ImportedGraph.Input], stated: [String: ValueFacts]) {
        names = LayerNames(inputs: inputs.map(\.name))
        self.stated = stated
        for input in inputs {
            let sizes = input.shape.dimensions.map(\.fixedSize)
            values[input.name] = .value(
                reference: input.name, facts: .type(input.elementType, dimensions: sizes))
        }
    }

    // MARK: Values

    func value(_ name: String) -> Operand? { values[name] }

    /// Says what the value `name` of the model is. What the model states of it fills in what the conversion does not know.
    func define(_ name: String, as operand: Operand) {
        guard case .value(let reference, var facts) = operand, let known = stated[name] else {
            values[name] = operand
            return
        }
        facts.type = facts.type ?? known.type
        if let sizes = facts.dimensions, let others = known.dimensions, sizes.count == others.count {
            facts.dimensions = zip(sizes, others).map { $0 ?? $1 }
        } else {
            facts.dimensions = facts.dimensions ?? known.dimensions
        }
        values[name] = .value(reference: reference, facts: facts)
    }

    /// The elements of a tensor that stands in an attribute.
    func tensor(_ proto: ONNXTensorProto) throws -> Tensor { try StoredTensor(proto).tensor() }

    // MARK: Layers

    /// Adds a layer; constants among its inputs become weights where they may, else layers of their own.
    func addLayer(
        _ type: String, named base: String, _ keys: Keys, slots: [NodeImport.Slot], outputs: [String],
        facts: [ValueFacts]
    ) throws -> [Operand] {
        guard layers.count < Self.layerLimit else {
            throw TesseraError(.limitExceeded, "expected at most \(Self.layerLimit) layers")
        }
        var keys = keys
        var parameters: [String: Tensor] = [:]
        var given: [(name: String, reference: String)] = []
        var isConstant = true
        // A layer has all its weights of its own, or reads all of them: inputs come without gaps.
        let ownsWeights = slots.allSatisfy { slot in
            !slot.isParameter || slot.operand.map { $0.constant?.tensor.elementType == .f32 } ?? true
        }
        let name = names.claim(base, outputs: outputs)
        for slot in slots {
            guard let operand = slot.operand else { continue }
            isConstant = isConstant && operand.facts.isConstant
            if slot.isParameter, ownsWeights || type == "constant", let constant = operand.constant {
                parameters[slot.name] = constant.tensor
            } else {
                given.append((slot.name, try reference(to: operand, for: "\(name).\(slot.name)")))
            }
        }
        if given.map(\.name) != slots.prefix(given.count).map(\.name) {
            keys.set("inputs", .names(given.map(\.name)))
        }
        let references = [name] + outputs.map { "\(name).\($0)" }
        layers.append(
            ImportedGraph.Layer(
                type: type, name: name, configuration: .map(keys.entries), inputs: given.map(\.reference),
                outputs: references, parameters: parameters))
        return zip(references, facts).map { reference, facts in
            var facts = facts
            facts.isConstant = isConstant
            return .value(reference: reference, facts: facts)
        }
    }

    /// The value that stands for an operand in the imported graph.
    ///
    /// - Parameter fallback: the name of a constant that has none of its own.
    func reference(to operand: Operand, for fallback: String) throws -> String {
        switch operand {
        case .value(let reference, _): return reference
        case .constant(let constant):
            if let identity = constant.identity, let known = constantLayers[identity] {
                return try reference(to: known, for: fallback)
            }
            let own = LayerNames.sanitized(
                constant.derivation.isEmpty ? constant.name : "\(constant.name)_\(constant.derivation)")
            let layer = try addConstant(constant.tensor, named: own.isEmpty ? fallback : own)
            if let identity = constant.identity { constantLayers[identity] = layer }
            return try reference(to: layer, for: fallback)
        }
    }

    private func addConstant(_ tensor: Tensor, named name: String) throws -> Operand {
        var keys = Keys()
        var slots: [NodeImport.Slot] = []
        let operand = Operand.constant(Operand.Constant(name: name, tensor: tensor))
        keys.set("type", .type(tensor.elementType), unless: .type(.f32))
        keys.set("shape", .ints(tensor.shape.dimensions), unless: .ints([]))
        if let values = Self.inlineValues(operand, of: tensor) {
            keys.set("values", values)
        } else {
            slots = [.parameter("value", operand)]
        }
        return try addLayer("constant", named: name, keys, slots: slots, outputs: [], facts: [operand.facts])[0]
    }

    /// The elements as a key's value if they are few and come back the same.
    private static func inlineValues(_ operand: Operand, of tensor: Tensor) -> Configuration? {
        guard tensor.elementCount <= inlineLimit, let numbers = operand.numbers,
            numbers.allSatisfy({ $0.isFinite && !($0 == 0 && $0.sign == .minus) })
        else { return nil }
        if !tensor.elementType.isFloatingPoint {
            guard numbers.allSatisfy({ abs($0) < 0x1p31 }) else { return nil }
            return .ints(numbers.map { Int($0) })
        }
        return .numbers(numbers)
    }

    /// Adds a layer that passes a value on, for outputs that no layer makes.
    func addIdentity(_ operand: Operand, named name: String) throws -> Operand {
        try addLayer("identity", named: name, [:], slots: [.data("x", operand)], outputs: [], facts: [operand.facts])[0]
    }
}
