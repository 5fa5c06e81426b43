import TesseraCore

/// Reads networks of another format, such as ONNX, as what a network file would say.
public protocol NetworkImporter: Sendable {
    /// The extension of such files, and the key that names one in a network file: `onnx`.
    var format: String { get }

    /// - Throws: `inputOutput` if the file cannot be read, `malformedFile` and `notSupported` with what is in the way.
    func read(_ path: String) throws -> ImportedNetwork
}

/// A network of another format.
public struct ImportedNetwork: Sendable {
    public struct Input: Sendable {
        public var name: String
        public var shape: SymbolicShape
        public var elementType: ElementType

        public init(name: String, shape: SymbolicShape, elementType: ElementType = .f32) {
            (self.name, self.shape, self.elementType) = (name, shape, elementType)
        }
    }

    /// One layer as a network file would declare it.
    public struct Layer: Sendable {
        /// The operator.
        public var kind: String
        public var name: String
        /// The operator's keys.
        public var keys: Configuration
        /// The inputs, layers, or layers' outputs, that it reads.
        public var from: [String]

        public init(kind: String, name: String, keys: Configuration, from: [String]) {
            (self.kind, self.name, self.keys, self.from) = (kind, name, keys, from)
        }
    }

    public struct Output: Sendable {
        public var name: String
        /// The layer, or layer's output, that it is.
        public var from: String

        public init(name: String, from: String) { (self.name, self.from) = (name, from) }
    }

    public var name: String
    public var inputs: [Input]
    /// Every layer after those that it reads.
    public var layers: [Layer]
    public var outputs: [Output]
    /// Weights by name: `LAYER.parameter`.
    public var weights: [String: Tensor]

    public init(name: String, inputs: [Input], layers: [Layer], outputs: [Output], weights: [String: Tensor]) {
        self.name = name
        self.inputs = inputs
        self.layers = layers
        self.outputs = outputs
        self.weights = weights
    }

    func items(operators: Registry<any Operator>) throws -> [LayerItem] {
        try layers.map { layer in
            let op = try nestingErrors(path: layer.name) { try operators.make(layer.kind, layer.keys) }
            return .layer(LayerDeclaration(op, CommonKeys(name: layer.name, from: layer.from)))
        }
    }
}
