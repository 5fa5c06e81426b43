import Foundation
import TesseraCore

/// The weights of a network that is trained, and their gradients: f32 numbers in one block of memory each, so that an optimizer
/// goes over all of them in one loop.
///
/// `@unchecked Sendable`: the memory lives as long as this object, and whoever trains the network is the only one to write.
public final class ParameterSet: @unchecked Sendable {
    /// One weight.
    public struct Entry: Sendable {
        /// The layer's path.
        public let layer: String
        /// The parameter's name in its layer.
        public let parameter: String
        public let shape: Shape
        public let role: ParameterSpecification.Role
        /// Where its elements lie among those of all.
        public let range: Range<Int>
        /// False for running statistics, which follow from the data and have no gradient.
        public let isTrainable: Bool

        /// `LAYER.parameter`.
        public var name: String { "\(layer).\(parameter)" }
        /// Whether it is the factor of a product: neither a bias nor a parameter of a normalization.
        public var isWeight: Bool {
            if case .weight = role { true } else { false }
        }
    }

    public let entries: [Entry]
    /// All weights, one after the other; what lies between two of them is zero.
    public let values: UnsafeMutableBufferPointer<Float>
    /// dL/dw for each of them.
    public let gradients: UnsafeMutableBufferPointer<Float>
    private let places: [String: Int]

    /// Weights start where kernels like to find them, this many elements apart at least.
    private static let alignment = 16

    /// The weights of a bound graph.
    ///
    /// - Throws: `notFound` for a weight that is missing, `notSupported` for one that is not f32.
    public convenience init(_ graph: BoundGraph) throws {
        var weights: [Weight] = []
        for (id, node) in graph.graph.nodes.enumerated() where !(node.op is Constant) {
            for specification in try node.op.parameters(for: graph.inputShapes(of: node)) {
                guard let tensor = graph.parameters[id][specification.name] else {
                    throw TesseraError(
                        .notFound, "expected a weight '\(specification.name)', found none", path: node.name)
                }
                weights.append(Weight(node.name, specification.name, specification.role, tensor))
            }
        }
        try self.init(weights)
    }

    /// A weight to be trained.
    public struct Weight: Sendable {
        public var layer: String
        public var parameter: String
        public var role: ParameterSpecification.Role
        public var tensor: Tensor

        public init(_ layer: String, _ parameter: String, _ role: ParameterSpecification.Role, _ tensor: Tensor) {
            (self.layer, self.parameter, self.role, self.tensor) = (layer, parameter, role, tensor)
        }
    }

    /// - Throws: `notSupported` for one that is not f32, `invalidArgument` for two of one name.
    public init(_ weights: [Weight]) throws {
        var entries: [Entry] = []
        var end = 0
        for weight in weights {
            guard weight.tensor.elementType == .f32 else {
                throw TesseraError(
                    .notSupported, "expected '\(weight.parameter)' of f32 to train, found \(weight.tensor.elementType)",
                    path: weight.layer)
            }
            let range = end..<end + weight.tensor.elementCount
            end = (range.upperBound + Self.alignment - 1) / Self.alignment * Self.alignment
            entries.append(
                Entry(
                    layer: weight.layer, parameter: weight.parameter, shape: weight.tensor.shape, role: weight.role,
                    range: range, isTrainable: !weight.role.isStatistic))
        }
        self.entries = entries
        places = Dictionary(entries.enumerated().map { ($1.name, $0) }) { first, _ in first }
        if places.count < entries.count {
            throw TesseraError(.invalidArgument, "expected weights of different names to train")
        }
        values = try Self.allocate(end)
        gradients = try Self.allocate(end)
        for (entry, weight) in zip(entries, weights) { try set(entry, weight.tensor) }
    }

    deinit {
        free(values.baseAddress)
        free(gradients.baseAddress)
    }

    private static func allocate(_ count: Int) throws -> UnsafeMutableBufferPointer<Float> {
        var pointer: UnsafeMutableRawPointer?
        let bytes = max(1, count) * MemoryLayout<Float>.stride
        guard posix_memalign(&pointer, Tensor.alignment, bytes) == 0, let pointer else {
            throw TesseraError(.outOfMemory, "\(bytes) bytes of weights do not fit in memory")
        }
        memset(pointer, 0, bytes)
        return UnsafeMutableBufferPointer(start: pointer.bindMemory(to: Float.self, capacity: count), count: count)
    }

    /// The entry of that name, nil if there is none.
    public func entry(_ name: String) -> Entry? { places[name].map { entries[$0] } }

    /// The entries of a layer.
    public func entries(of layer: String) -> [Entry] { entries.filter { $0.layer == layer } }

    /// A copy of a weight.
    public func tensor(_ entry: Entry) throws -> Tensor { try copy(entry, of: values) }

    /// A copy of a weight's gradient.
    public func gradient(_ entry: Entry) throws -> Tensor { try copy(entry, of: gradients) }

    /// Copies of all weights, by name.
    public func tensors() throws -> [String: Tensor] {
        try Dictionary(uniqueKeysWithValues: entries.map { ($0.name, try tensor($0)) })
    }

    /// Replaces a weight.
    ///
    /// - Throws: `shapeMismatch` for a tensor of another shape.
    public func set(_ entry: Entry, _ tensor: Tensor) throws { try write(entry, tensor, to: values) }

    /// Replaces the weights that have these names; other names do not count.
    ///
    /// - Throws: `shapeMismatch` for a tensor of another shape.
    public func set(_ weights: [String: Tensor]) throws {
        for entry in entries { if let tensor = weights[entry.name] { try set(entry, tensor) } }
    }

    /// Replaces a weight's gradient.
    public func setGradient(_ entry: Entry, _ tensor: Tensor) throws { try write(entry, tensor, to: gradients) }

    private func copy(_ entry: Entry, of memory: UnsafeMutableBufferPointer<Float>) throws -> Tensor {
        var tensor = try Tensor(zeros: entry.shape)
        try tensor.withMutableFloats { target in
            for (index, source) in zip(target.indices, entry.range) { target[index] = memory[source] }
        }
        return tensor
    }

    private func write(_ entry: Entry, _ tensor: Tensor, to memory: UnsafeMutableBufferPointer<Float>) throws {
        guard tensor.shape == entry.shape else {
            throw TesseraError(
                .shapeMismatch, "expected \(entry.name) of shape \(entry.shape), found \(tensor.shape)")
        }
        try tensor.withFloats { source in
            for (index, target) in zip(source.indices, entry.range) { memory[target] = source[index] }
        }
    }
}

extension ParameterSpecification.Role {
    /// Whether it is computed from the data rather than trained.
    fileprivate var isStatistic: Bool {
        switch self {
        case .mean, .variance: true
        default: false
        }
    }
}
