import TesseraCore
import TesseraOperators

/// What plans of a network cost on a cluster: seconds of layers and transfers, bytes of memory.
///
/// A layer that was measured takes what its profile says for the size that is made. One that was not takes
/// (multiply-accumulates / `macs_per_second` + bytes / `memory_bandwidth`) / `speed`, where the bytes are those of what it reads,
/// what it makes and its weights: the two terms of the roofline model (Williams, Waterman and Patterson 2009), added, since small
/// kernels overlap them little. A layer that is computed within the one before it takes nothing.
public struct CostModel: Sendable {
    public let graph: BoundGraph
    public let cluster: ClusterProfile
    let layers: [LayerTraits]
    /// By endpoint.
    private let measured: [MeasuredLayers?]
    private let wholeMultiplyAccumulates: [Int]

    public init(_ graph: BoundGraph, on cluster: ClusterProfile) {
        (self.graph, self.cluster) = (graph, cluster)
        layers = LayerTraits.all(of: graph)
        wholeMultiplyAccumulates = graph.multiplyAccumulates
        var latest: (profile: DeviceProfile, layers: MeasuredLayers)?
        measured = (0..<cluster.endpointCount).map { endpoint in
            guard let profile = cluster.device(at: endpoint).profile else { return nil }
            // Devices that are alike share a profile.
            if let latest, latest.profile == profile { return latest.layers }
            let layers = MeasuredLayers(profile)
            latest = (profile, layers)
            return layers
        }
    }

    // MARK: Time

    /// The seconds that a device takes for a part of a layer.
    ///
    /// - Parameters:
    ///   - region: the part of its output.
    ///   - inputs: the parts of its inputs that it reads, nil for one that it does not.
    ///   - weightByteCount: bytes of the weights that it uses; of all if left out.
    ///   - endpoint: see `ClusterProfile.device(at:)`.
    public func seconds(
        of layer: Graph.NodeID, making region: Region, reading inputs: [Region?], weightByteCount: Int? = nil,
        multiplyAccumulates: Int, at endpoint: Int
    ) -> Double {
        let (traits, device) = (layers[layer], cluster.device(at: endpoint))
        if let measured = measured[endpoint] {
            if let seconds = measured.seconds(traits.signature, size: Double(region.elementCount)) {
                return seconds / device.speed
            }
            if multiplyAccumulates > 0, let rate = measured.rate(of: traits.operatorName) {
                return Double(multiplyAccumulates) / rate / device.speed
            }
        }
        let elements = inputs.reduce(region.elementCount) { Shape.saturatingSum($0, $1?.elementCount ?? 0) }
        let bytes =
            Double(elements) * Double(ElementType.f32.byteCount)
            + Double(weightByteCount ?? traits.weightByteCount)
        return (Double(multiplyAccumulates) / device.multiplyAccumulatesPerSecond + bytes / device.memoryBandwidth)
            / device.speed
    }

    /// Whether a layer costs nothing because it is computed within the one before it, if that one is there.
    public func isMerged(_ layer: Graph.NodeID) -> Bool { layers[layer].isMerged }

    /// Bytes of a layer's weights.
    public func weightByteCount(of layer: Graph.NodeID) -> Int { layers[layer].weightByteCount }

    /// Bytes of the weights that a part of a layer uses.
    public func weightByteCount(of layer: Graph.NodeID, in tile: OperatorTile) -> Int {
        let traits = layers[layer]
        guard !tile.parameters.isEmpty else { return traits.weightByteCount }
        return traits.weights.reduce(0) { sum, weight in
            let count = tile.parameters[weight.name]?.elementCount ?? weight.shape.elementCount
            return Shape.saturatingSum(sum, Shape.saturatingProduct(count, weight.elementType.byteCount))
        }
    }

    /// Multiply-accumulate operations of a whole layer.
    public func multiplyAccumulates(of layer: Graph.NodeID) -> Int { wholeMultiplyAccumulates[layer] }

    /// The seconds that a device takes to get so many bytes into a tile and out of it, besides the tile's layers: messages are read
    /// and written, inputs are put together of pieces and brought into the order that kernels like, results the other way round.
    public func seconds(handling bytes: Int, at endpoint: Int) -> Double {
        let device = cluster.device(at: endpoint)
        return (device.tileTime + Double(bytes) / device.tileBandwidth) / device.speed
    }

    /// The seconds of a tile on its node: of all its layers, and of getting its inputs into them and its result out.
    public func seconds(of tile: Tile) -> Double {
        let present = Set(tile.layers.map(\.node))
        let handling = seconds(
            handling: Shape.saturatingSum(tile.inputByteCount, tile.outputByteCount), at: tile.node)
        return tile.layers.reduce(handling) { sum, layer in
            let producer = graph.graph.nodes[layer.node].inputs.first.flatMap { graph.graph.values[$0].producer }
            if layers[layer.node].isMerged, producer.map(present.contains) == true { return sum }
            return sum
                + seconds(
                    of: layer.node, making: layer.region, reading: layer.tile.inputs,
                    weightByteCount: weightByteCount(of: layer.node, in: layer.tile),
                    multiplyAccumulates: layer.multiplyAccumulates, at: tile.node)
        }
    }

    /// The seconds of whole layers on one device.
    public func seconds(ofWhole ids: [Graph.NodeID], at endpoint: Int) -> Double {
        let present = Set(ids)
        return ids.reduce(0) { sum, id in
            let node = graph.graph.nodes[id]
            let producer = node.inputs.first.flatMap { graph.graph.values[$0].producer }
            if node.op is Constant || (layers[id].isMerged && producer.map(present.contains) == true) { return sum }
            return sum
                + seconds(
                    of: id, making: Region(whole: graph.shapes[node.outputs[0]]),
                    reading: node.inputs.map { Region(whole: graph.shapes[$0]) },
                    multiplyAccumulates: wholeMultiplyAccumulates[id], at: endpoint)
        }
    }

    /// The seconds from when a device begins to send until another has it all, if both have nothing else to send and receive.
    public func seconds(ofTransfer bytes: Int, from source: Int, to destination: Int) -> Double {
        guard source != destination else { return 0 }
        let link = cluster.link(between: source, and: destination)
        return link.latency + link.seconds(for: bytes)
    }
}
