import TesseraCore

/// The channels along each axis of a value; nil for an axis along which nothing can be removed.
typealias AxisChannels = [[Int]?]

/// A layer as an operator sees it when it tells which channels of its inputs and outputs belong together.
struct TracedLayer {
    let name: String
    let inputShapes: [Shape]
    let outputShapes: [Shape]
    /// The channels of every input.
    let inputs: [AxisChannels]
    /// Those of every output, for the operator to set; at first nothing can be removed.
    var outputs: [AxisChannels]
    var units: ChannelUnits
    /// What belongs to channels, by their number.
    private(set) var slices: [(unit: Int, slice: ParameterSlice)] = []

    init(_ node: Graph.Node, of graph: BoundGraph, inputs: [AxisChannels], units: ChannelUnits) {
        name = node.name
        (inputShapes, outputShapes) = (graph.inputShapes(of: node), graph.outputShapes(of: node))
        self.inputs = inputs
        outputs = outputShapes.map { [[Int]?](repeating: nil, count: $0.rank) }
        self.units = units
    }

    /// Adds weights to a channel.
    mutating func add(_ role: ParameterSlice.Role, _ parameter: String, axis: Int, _ indices: [Int], to unit: Int) {
        slices.append(
            (unit, ParameterSlice(layer: name, parameter: parameter, axis: axis, indices: indices, role: role)))
    }

    /// Adds one position of a weight to each of the channels.
    mutating func add(_ role: ParameterSlice.Role, _ parameter: String, axis: Int, to channels: [Int]) {
        for (index, unit) in channels.enumerated() { add(role, parameter, axis: axis, [index], to: unit) }
    }

    /// Makes channels stay.
    mutating func keep(_ channels: [Int]?, because reason: String) {
        for unit in channels ?? [] { units.keep(unit, because: reason) }
    }

    /// Makes all channels of an input stay, but those along some axes.
    mutating func keepInput(_ index: Int, except axes: Set<Int> = [], because reason: String) {
        for (axis, channels) in inputs[index].enumerated() where !axes.contains(axis) {
            keep(channels, because: reason)
        }
    }

    /// Hands the channels of an axis of the first input on to the first output.
    mutating func pass(_ axis: Int, to other: Int? = nil) { outputs[0][other ?? axis] = inputs[0][axis] }

    /// Hands the channels of all axes on.
    mutating func passAll() { outputs[0] = inputs[0] }

    /// Binds channels at the same position to each other. Where one of the values has none that can be removed, all stay.
    ///
    /// - Returns: the channels of the result; nil if no value has any.
    mutating func united(_ all: [[Int]?], because reason: String) -> [Int]? {
        let given = all.compactMap { $0 }
        guard let first = given.first else { return nil }
        for other in given.dropFirst() {
            for (a, b) in zip(first, other) { units.unite(a, b) }
        }
        if given.count < all.count { keep(first, because: reason) }
        return first
    }
}

/// An operator that knows which channels of its inputs and outputs belong together (METHODS.md D3).
protocol ChannelTraced: Operator {
    /// Sets the channels of the outputs, binds those that can only go together, and adds the weights that belong to them.
    func trace(_ layer: inout TracedLayer) throws

    /// The operator over the channels that are left.
    func compacted(_ layer: CompactedLayer) throws -> any Operator
}

extension ChannelTraced {
    func compacted(_ layer: CompactedLayer) throws -> any Operator { self }
}

/// A layer when some channels are removed.
struct CompactedLayer {
    let inputShapes: [Shape]
    let outputShapes: [Shape]
    /// The positions that are left along each axis of every input; nil for all.
    let inputs: [[[Int]?]]
    let outputs: [[[Int]?]]

    /// How many channels an output has left along an axis.
    func outputSize(_ axis: Int, of output: Int = 0) -> Int {
        outputs[output][axis]?.count ?? outputShapes[output][axis]
    }

    func inputSize(_ axis: Int, of input: Int = 0) -> Int { inputs[input][axis]?.count ?? inputShapes[input][axis] }
}

/// The place of an axis that may be counted from the end; nil if there is no such axis.
func axisPlace(_ axis: Int, rank: Int) -> Int? {
    let place = axis < 0 ? axis + rank : axis
    return (0..<rank).contains(place) ? place : nil
}
