import TesseraCore

/// Turns a graph into something that runs fast on one kind of hardware. What it may not do is change the meaning: the
/// operators' reference forward is what it is tested against, and a tile must come out as the same part of the whole.
public protocol KernelBackend: Sendable {
    /// The name in options and files.
    var name: String { get }
    /// The version of the library that its kernels come from; another one may add in other orders.
    var version: String { get }
    /// The instruction set that its kernels use here, such as `avx512_core`. Two nodes with the same one add in the same order.
    var instructionSet: String { get }
    /// In which precisions it computes; f32 alone unless it says otherwise. A session refuses all others.
    var precisions: Set<Precision> { get }
    /// - Throws: `notSupported`, `outOfMemory` or `backendFailure`, with the layer's path.
    func compile(_ graph: BoundGraph, options: CompileOptions) throws -> any CompiledNetwork
    /// Measures the kernels that could be taken for the layers, and chooses so that the whole graph is fastest, what is reordered
    /// between layers included.
    ///
    /// - Returns: choices for `CompileOptions.kernels`.
    func tune(_ graph: BoundGraph, options: CompileOptions) throws -> [String: KernelChoice]
}

extension KernelBackend {
    public var version: String { "" }
    public func tune(_ graph: BoundGraph, options: CompileOptions) throws -> [String: KernelChoice] { [:] }
    public var precisions: Set<Precision> { [.f32] }

    /// - Throws: `notSupported` for a precision that this backend does not compute in.
    public func check(_ choice: PrecisionChoice) throws {
        for precision in Precision.allCases where choice.uses(precision) && !precisions.contains(precision) {
            let known = Precision.allCases.filter(precisions.contains).map(\.rawValue).joined(separator: ", ")
            throw TesseraError(
                .notSupported, "the backend '\(name)' computes in \(known), and not in \(precision.rawValue)")
        }
    }
}

/// How a graph is to be compiled.
public struct CompileOptions: Sendable {
    /// Threads that one inference uses.
    public var threads: Int
    /// In which numbers its layers compute.
    public var precision: PrecisionChoice
    /// The kernels of single layers, by their paths, as `KernelBackend.tune` finds them; the backend chooses for the others.
    public var kernels: [String: KernelChoice]
    /// Memory for activations that is shared with what runs at other times and lives as long, whose small weights share pages then;
    /// nil for memory of its own.
    public var activations: ActivationMemory?

    public init(
        threads: Int = 1, precision: PrecisionChoice = PrecisionChoice(), kernels: [String: KernelChoice] = [:],
        activations: ActivationMemory? = nil
    ) {
        self.threads = max(1, threads)
        (self.precision, self.kernels, self.activations) = (precision, kernels, activations)
    }
}

/// A graph that is ready to run. Calls from several threads run one after the other.
public protocol CompiledNetwork: Sendable {
    /// What runs, in order.
    var kernels: [KernelDescription] { get }
    /// Bytes held for activations.
    var activationByteCount: Int { get }
    /// Tensors for the outputs, in the order the graph declares them.
    func makeOutputs() throws -> [Tensor]
    /// Runs the graph on its inputs, in the order the graph declares them, and writes its outputs in their order.
    ///
    /// - Parameters:
    ///   - outputs: as `makeOutputs` gives them, or as an earlier run left them: that takes no memory then.
    ///   - isCancelled: asked between layers; true ends the run.
    /// - Throws: `CancellationError` if it was cancelled.
    func run(_ inputs: [Tensor], into outputs: inout [Tensor], isCancelled: () -> Bool) throws
    /// Runs one inference and tells when each of its steps ran, in order: kernels, and the copies and reorders between them.
    func profile(_ inputs: [Tensor]) throws -> [StepSpan]
}

extension CompiledNetwork {
    public func run(_ inputs: [Tensor], isCancelled: () -> Bool = { false }) throws -> [Tensor] {
        var outputs = try makeOutputs()
        try run(inputs, into: &outputs, isCancelled: isCancelled)
        return outputs
    }
}

/// A kernel as it was chosen for a layer.
public struct KernelDescription: Sendable, Equatable {
    /// The layer's path.
    public let layer: String
    /// The backend's name for the implementation.
    public let implementation: String
    /// The paths of later layers that are computed within it, such as an activation.
    public let merged: [String]

    public init(layer: String, implementation: String, merged: [String] = []) {
        (self.layer, self.implementation, self.merged) = (layer, implementation, merged)
    }
}

/// When one step of an inference ran.
public struct StepSpan: Sendable {
    public enum Kind: String, Sendable {
        /// Computes a layer.
        case kernel
        /// Only moves elements: into another layout, in, or out.
        case copy
    }

    /// The path of the layer that the step is for; the name of the value for what comes in and goes out.
    public let layer: String
    public let kind: Kind
    /// The backend's name for what ran.
    public let implementation: String
    /// Since the inference began.
    public let start: Duration
    public let duration: Duration

    public init(layer: String, kind: Kind, implementation: String, start: Duration, duration: Duration) {
        (self.layer, self.kind, self.implementation) = (layer, kind, implementation)
        (self.start, self.duration) = (start, duration)
    }
}
