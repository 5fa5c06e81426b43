import TesseraCore
import TesseraOperators

/// One node's part of one stage: the region it makes, and all that follows from it, derived layer by layer back to the
/// stage's inputs (METHODS.md A3).
public struct Tile: Sendable {
    /// One layer as the tile runs it.
    public struct Layer: Sendable {
        public let node: Graph.NodeID
        /// Which of the layer's outputs is made.
        public let output: Int
        /// The region of that output that is made.
        public let region: Region
        /// The operator over regions of its inputs.
        let tile: OperatorTile
        /// Multiply-accumulate operations.
        public let multiplyAccumulates: Int
    }

    /// A value the stage reads, and the region of it that the tile needs (METHODS.md A4).
    public struct Input: Sendable {
        public let value: Graph.ValueID
        public let region: Region
        public let elementType: ElementType

        public var byteCount: Int { Shape.saturatingProduct(region.elementCount, elementType.byteCount) }
    }

    /// The node, counted from 0, that makes it.
    public let node: Int
    public let output: Graph.ValueID
    /// The region of the stage's output that it owns.
    public let region: Region
    public let elementType: ElementType
    public let inputs: [Input]
    /// In order of execution.
    public let layers: [Layer]
    /// What is made of every value: at least what each reader needs.
    private let needed: [Graph.ValueID: Region]

    /// Derives what making `choice.region` of `output` takes.
    ///
    /// - Parameter layers: the layers of the stage, in order of execution.
    init(_ choice: TileChoice, of output: Graph.ValueID, layers: [Graph.NodeID], in graph: BoundGraph) throws {
        node = choice.node
        region = choice.region
        self.output = output
        elementType = graph.elementTypes[output]
        var needed = [output: choice.region]
        let ownsAllChannels = choice.region.rank > 1 && choice.region[1].count == graph.shapes[output][1]
        var derived: [Layer] = []
        for (id, index) in layers.reversed().flatMap({ id in
            graph.graph.nodes[id].outputs.indices.reversed().map { (id, $0) }
        }) {
            let node = graph.graph.nodes[id]
            let made = node.outputs[index]
            guard let wanted = needed[made] else { continue }
            let (region, tile) = try locatingErrors(path: node.name, at: node.location) {
                try graph.part(
                    of: node, output: index, wanted, isOwned: made == output, allChannels: ownsAllChannels)
            }
            needed[made] = region
            for (value, region) in zip(node.inputs, tile.inputs) {
                guard let region else { continue }
                // A value with several readers is made once, as large as all of them need together.
                needed[value] = needed[value]?.union(region) ?? region
            }
            let macs = tile.op.multiplyAccumulates(
                inputs: tile.inputs.compactMap { $0?.shape }, outputs: [region.shape])
            derived.append(Layer(node: id, output: index, region: region, tile: tile, multiplyAccumulates: macs))
        }
        self.layers = derived.reversed()
        self.needed = needed
        let made = Set(layers.flatMap { graph.graph.nodes[$0].outputs })
        inputs = needed.filter { !made.contains($0.key) }
            .map { Input(value: $0.key, region: $0.value, elementType: graph.elementTypes[$0.key]) }
            .sorted { $0.value < $1.value }
    }

    /// Multiply-accumulate operations of its convolutions, see `Operator.isConvolution`.
    public func convolutionMultiplyAccumulates(in graph: Graph) -> Int {
        layers.filter { graph.nodes[$0.node].op.isConvolution }.map(\.multiplyAccumulates)
            .reduce(0, Shape.saturatingSum)
    }

    /// Bytes of its inputs, and of its result.
    public var inputByteCount: Int { inputs.reduce(0) { Shape.saturatingSum($0, $1.byteCount) } }
    public var outputByteCount: Int { Shape.saturatingProduct(region.elementCount, elementType.byteCount) }

    /// The tile as a network of its own: its inputs are the regions in `inputs`, named like the values they are cut from; its
    /// output is the region. Padding is left only where the tile touches the border of the whole map.
    ///
    /// - Parameter weight: gives a weight's region where that is at hand and the whole is not.
    public func network(in whole: BoundGraph, weight: (WeightPart) -> Tensor? = { _ in nil }) throws -> BoundGraph {
        let source = whole.graph
        var graph = Graph()
        var ids: [Graph.ValueID: Graph.ValueID] = [:]
        var tiles: [String: (node: Graph.NodeID, tile: OperatorTile)] = [:]
        for input in inputs {
            ids[input.value] = try graph.addInput(
                source.values[input.value].name, shape: SymbolicShape(input.region.shape),
                elementType: whole.elementTypes[input.value])
        }
        for layer in layers {
            let node = source.nodes[layer.node]
            var operands: [Graph.ValueID] = []
            for (index, (value, region)) in zip(node.inputs, layer.tile.inputs).enumerated() {
                guard let region else { continue }
                guard let id = ids[value], let frame = needed[value] else {
                    throw TesseraError(
                        .invalidArgument, "a tile reads '\(source.values[value].name)', which it does not have")
                }
                operands.append(
                    layer.tile.reads(frame, for: region)
                        ? id
                        : try graph.addNode(
                            "\(source.values[node.outputs[layer.output]].name)~\(index)",
                            Slice(region.relative(to: frame)), inputs: [id]))
            }
            let value = node.outputs[layer.output]
            let name = source.values[value].name
            tiles[name] = (layer.node, layer.tile)
            ids[value] = try graph.addNode(name, layer.tile.op, inputs: operands, location: node.location)
        }
        guard let result = ids[output] else {
            throw TesseraError(.invalidArgument, "a tile makes nothing")
        }
        try graph.addOutput(source.values[output].name, result)
        return try BoundGraph(graph, inputs: [:]) { node, specification in
            let name = specification.name
            guard let (id, tile) = tiles[node.name] else {
                throw TesseraError(.notFound, "'\(node.name)' has no weight '\(name)'")
            }
            let region = tile.parameters[name]
            if let region, let part = weight(WeightPart(layer: id, name: name, region: region)) { return part }
            guard let parameter = whole.parameters[id][name] else {
                throw TesseraError(.notFound, "'\(node.name)' has no weight '\(name)'")
            }
            return try region.map(parameter.cropped) ?? parameter
        }
    }
}

extension BoundGraph {
    /// What a layer makes where a region of one of its outputs is needed, and the operator that makes it.
    ///
    /// - Parameters:
    ///   - isOwned: whether a tile owns the region: then nothing else is made.
    ///   - allChannels: whether all channels are made, whatever is needed.
    /// - Throws: `notSupported` if the layer cannot be cut that way.
    public func part(
        of node: Graph.Node, output index: Int, _ wanted: Region, isOwned: Bool, allChannels: Bool
    ) throws -> (region: Region, tile: OperatorTile) {
        let (shape, inputs) = (shapes[node.outputs[index]], inputShapes(of: node))
        var region = wanted
        // Products of matrices add up in an order that may depend on their size.
        if !isOwned, shape.rank != 4 || !node.op.isSpatiallyLocal {
            for axis in shape.dimensions.indices.dropFirst(2) { region[axis] = 0..<shape[axis] }
        }
        // Kernels are chosen by the number of channels, so making just those that a slice takes could round differently.
        if allChannels, shape.rank > 1 { region[1] = 0..<shape[1] }
        do {
            return (region, try node.op.tile(region, ofOutput: index, inputs: inputs))
        } catch let error as TesseraError where error.code == .notSupported && !isOwned && shape.rank > 1 {
            // Some channels of a layer that makes only all of them, or whole groups.
            region[1] = 0..<shape[1]
            return (region, try node.op.tile(region, ofOutput: index, inputs: inputs))
        }
    }
}

extension Operator {
    /// Whether its operations are those that plans are compared by: a convolution's, or a linear layer's, which is a convolution
    /// over one pixel.
    public var isConvolution: Bool { self is Conv || self is Linear }
}

extension OperatorTile {
    /// Whether `frame` may be read in the place of `region`, which lies in it: copying a map for the one row that a convolution of
    /// stride 2 does not reach costs more than the convolution.
    fileprivate func reads(_ frame: Region, for region: Region) -> Bool {
        if frame == region { return true }
        guard let conv = op as? Conv, frame.rank == region.rank,
            zip(frame.ranges, region.ranges).allSatisfy({ $0.lowerBound == $1.lowerBound }),
            frame.ranges.prefix(2).elementsEqual(region.ranges.prefix(2))
        else { return false }
        return conv.ignoresEnd(of: frame.shape, after: region.shape)
    }
}

extension Slice {
    /// Cuts out one region.
    fileprivate init(_ region: Region) {
        self.init(
            axes: Array(0..<region.rank), starts: region.ranges.map(\.lowerBound), ends: region.ranges.map(\.upperBound)
        )
    }
}
