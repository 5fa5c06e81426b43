import TesseraCore
import TesseraNetwork
import TesseraOperators
import TesseraRuntime

extension Network {
    /// The network with the statistics of its batch normalizations measured anew, by forward passes over samples.
    ///
    /// Pruning changes what normalizations see. One after the other gets the mean of its input and the unbiased variance, with those
    /// before it already corrected. Cumulative over all samples, so that the order and the batches do not matter.
    ///
    /// - Parameter batch: how many samples run at once.
    /// - Returns: the network, with all its weights as tensors.
    public func reestimatingBatchNorms(
        _ samples: LabelledSamples, batch: Int = 128, backend: any KernelBackend,
        options: CompileOptions = CompileOptions()
    ) throws -> Network {
        let batches = try samples.batches(of: batch)
        guard let first = batches.first else { return self }
        let bound = try self.bound(inputs: first.inputs.mapValues(\.shape))
        var tensors = loadedWeights
        let layers = graph.nodes.filter { node in
            node.op is BatchNorm && bound.graph.nodes.contains { $0.name == node.name && $0.inputs.count == 1 }
        }
        for level in graph.levels(of: layers.map(\.name)) {
            let values = level.map { graph.nodes[$0].inputs[0] }
            let part = Network(
                name: name, graph: try graph.part(making: Array(Set(values)).sorted()), inputs: inputs,
                weights: .tensors(tensors))
            let moments = try part.moments(over: batches, backend: backend, options: options)
            for node in level.map({ graph.nodes[$0] }) {
                guard let own = moments[graph.values[node.inputs[0]].name] else { continue }
                tensors["\(node.name).running_mean"] = try Tensor(own.means.map { Float($0) }, shape: [own.means.count])
                tensors["\(node.name).running_var"] = try Tensor(
                    own.variances.map { Float($0) }, shape: [own.means.count])
            }
        }
        return replacingWeights(.tensors(tensors))
    }

    /// Mean and variance of every channel of the outputs, by the names of the outputs.
    private func moments(
        over batches: [LabelledSamples], backend: any KernelBackend, options: CompileOptions
    ) throws -> [String: ChannelMoments] {
        var sessions: [Int: StagedSession] = [:]
        var result: [String: ChannelMoments] = [:]
        let names = Set(graph.inputs.map(\.name))
        for batch in batches {
            let inputs = batch.inputs.filter { names.contains($0.key) }
            let session =
                try sessions[batch.count] ?? folded().staged(inputs: inputs.mapValues(\.shape), backend, options)
            sessions[batch.count] = session
            for (name, tensor) in try session.run(inputs) { result[name, default: ChannelMoments()].add(tensor) }
        }
        return result
    }
}

/// Sums over the elements of each channel.
struct ChannelMoments {
    private(set) var count = 0
    private var sums: [Double] = []
    private var squares: [Double] = []
    /// Near the mean, so that squares do not lose digits.
    private var shifts: [Double] = []

    /// Adds a tensor [batch, channels, …].
    mutating func add(_ tensor: Tensor) {
        let channels = tensor.shape[1]
        let pixels = tensor.shape.spatial.reduce(1, *)
        let values = tensor.reals()
        if shifts.isEmpty {
            shifts = (0..<channels).map { values[$0 * pixels] }
            (sums, squares) = ([Double](repeating: 0, count: channels), [Double](repeating: 0, count: channels))
        }
        for row in 0..<tensor.shape[0] * channels {
            let channel = row % channels
            var (sum, square) = (0.0, 0.0)
            for index in row * pixels..<(row + 1) * pixels {
                let value = values[index] - shifts[channel]
                sum += value
                square += value * value
            }
            sums[channel] += sum
            squares[channel] += square
        }
        count += tensor.shape[0] * pixels
    }

    var means: [Double] { zip(shifts, sums).map { $0 + $1 / Double(count) } }
    /// Unbiased, as running variances are.
    var variances: [Double] {
        zip(sums, squares).map { sum, square in
            max(0, (square - sum * sum / Double(count)) / Double(max(1, count - 1)))
        }
    }
}

extension Graph {
    /// The layers that are needed for some values, with these as outputs of their own names.
    func part(making values: [ValueID]) throws -> Graph {
        let needed = ancestors(of: values)
        var graph = Graph()
        var map: [ValueID: ValueID] = [:]
        for input in inputs where needed.contains(input.value) {
            map[input.value] = try graph.addInput(input.name, shape: input.shape, elementType: input.elementType)
        }
        for node in nodes where node.outputs.contains(where: needed.contains) {
            let first = try graph.addNode(
                node.name, node.op, inputs: node.inputs.compactMap { map[$0] }, location: node.location)
            for (offset, value) in node.outputs.enumerated() { map[value] = first + offset }
        }
        for value in values {
            if let own = map[value] { try graph.addOutput(self.values[value].name, own) }
        }
        return graph
    }

    /// The values that are needed for some values, themselves included.
    func ancestors(of values: [ValueID]) -> Set<ValueID> {
        var needed = Set(values)
        for node in nodes.reversed() where node.outputs.contains(where: needed.contains) {
            needed.formUnion(node.inputs)
        }
        return needed
    }

    /// Named layers in groups, such that each needs layers of earlier groups only.
    func levels(of names: [String]) -> [[NodeID]] {
        let listed = Set(names)
        var depth = [Int](repeating: 0, count: values.count)
        var levels: [[NodeID]] = []
        for (id, node) in nodes.enumerated() {
            let before = node.inputs.map { depth[$0] }.max() ?? 0
            let isListed = listed.contains(node.name)
            if isListed {
                if levels.count == before { levels.append([]) }
                levels[before].append(id)
            }
            for value in node.outputs { depth[value] = before + (isListed ? 1 : 0) }
        }
        return levels
    }
}
