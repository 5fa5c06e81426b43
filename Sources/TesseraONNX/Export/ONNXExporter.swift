import TesseraCore
import TesseraNetwork

/// Writes networks as ONNX models.
///
/// Weights keep their names, `LAYER.parameter`, and sizes that the network leaves open stay open. The operators are those of
/// opset 21.
public struct ONNXExporter: Sendable {
    /// Sizes to try for those that the network leaves open, by name; only needed if none of the common ones fits.
    public var sizes: [String: Int]

    public init(sizes: [String: Int] = [:]) { self.sizes = sizes }

    /// Writes a network to a file, and its weights to `PATH.data` beside it if they are too large for one.
    ///
    /// - Throws: `notSupported` with every layer that ONNX has no operators for; `inputOutput` if writing fails.
    public func write(_ network: Network, to path: String) throws { try model(of: network).write(to: path) }

    /// The model, with its weights apart.
    package func model(of network: Network) throws -> ExportedModel {
        let trial = try ExportTrial(network, sizes: sizes)
        let graph = network.graph
        let export = try GraphExport(graph, trial: trial)
        var problems: [String] = []
        for node in graph.nodes {
            do {
                guard let exporter = LayerExporters.all[node.op.name] else {
                    throw TesseraError(.notSupported, "'\(node.op.name)' is not supported")
                }
                if node.op.name == Constant.name {
                    try ConstantExport.constant(node, export, trial)
                } else {
                    try export.checkingTypes { try exporter(LayerExport(node, graph: export)) }
                }
            } catch let error as TesseraError where error.code == .notSupported {
                problems.append("\(node.name) (\(node.op.name)): \(error.message)")
            } catch let error as TesseraError {
                throw error.located(path: node.name, location: node.location)
            }
        }
        guard problems.isEmpty else {
            let head = "the network cannot be exported, as \(problems.count) layers are not supported:"
            throw TesseraError(.notSupported, ([head] + problems).joined(separator: "\n"))
        }
        export.addAliases()
        return ExportedModel(proto: proto(network, export, trial), initializers: export.initializers)
    }

    private func proto(_ network: Network, _ export: GraphExport, _ trial: ExportTrial) -> ONNXModelProto {
        let graph = network.graph
        var model = ONNXModelProto()
        // The version that came with opset 21.
        model.irVersion = 10
        model.producerName = "tessera"
        var set = ONNXOperatorSetIdProto()
        set.version = Int64(LayerExporters.opset)
        model.opsetImport = [set]
        model.graph.name = network.name
        model.graph.node = export.nodes
        model.graph.input = graph.inputs.map { input in
            ONNXValueInfoProto(input.name, input.elementType, input.shape.dimensions)
        }
        let isFixed = graph.inputs.allSatisfy { $0.shape.concrete != nil }
        model.graph.output = graph.outputs.map { output in
            guard let facts = trial.facts(of: output.value) else {
                let sizes = trial.ranks[output.value].map { [Dimension?](repeating: nil, count: $0) }
                return ONNXValueInfoProto(output.name, trial.types[output.value], sizes)
            }
            let sizes = facts.shape.dimensions.map { isFixed ? Dimension.fixed($0) : nil }
            return ONNXValueInfoProto(output.name, facts.elementType, sizes)
        }
        return model
    }
}

extension ONNXValueInfoProto {
    /// - Parameter dimensions: the sizes, nil for one that is not known; nil if not even their number is.
    fileprivate init(_ name: String, _ type: ElementType?, _ dimensions: [Dimension?]?) {
        self.init()
        self.name = name
        guard let type else { return }
        self.type.tensorType.elemType = type.onnxNumber
        guard let dimensions else { return }
        self.type.tensorType.shape = ONNXTensorShapeProto()
        self.type.tensorType.shape.dim = dimensions.map { dimension in
            var proto = ONNXTensorShapeProto.Dimension()
            switch dimension {
            case .fixed(let size): proto.dimValue = Int64(size)
            case .symbol(let name): proto.dimParam = name
            case nil: break
            }
            return proto
        }
    }
}
