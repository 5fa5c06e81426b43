import CKernels
import COneDNN
import Foundation
import TesseraCore
import TesseraRuntime

extension OneDNNBackend: TrainingBackend {
    public func compileForTraining(_ graph: BoundGraph, options: TrainingOptions) throws -> any TrainableNetwork {
        omp_set_num_threads(Int32(options.threads))
        return try OneDNNTrainableNetwork(graph, options: options)
    }
}

/// A graph as primitives that run and train it, over one block of memory.
///
/// `@unchecked Sendable`: one caller at a time, as the protocol says.
final class OneDNNTrainableNetwork: TrainableNetwork, @unchecked Sendable {
    private enum Step {
        case execute(dnnl_primitive_t, UnsafeMutablePointer<dnnl_exec_arg_t>, Int32)
        case clear(UnsafeMutableRawPointer, Int)
        case round(UnsafeMutableRawPointer, Int64)
        case call([UnsafeMutableRawPointer], ([UnsafeMutableRawPointer]) throws -> Void)
    }

    let graph: BoundGraph
    let parameters: ParameterSet
    private let threads: Int32
    var activationByteCount: Int { arena.byteCount }
    private let arena: Allocation
    private let stream: Stream
    private var training: [Step] = []
    private var evaluation: [Step] = []
    private var backwardSteps: [Step] = []
    private let inputs: [UnsafeMutableRawPointer]
    private let outputs: [UnsafeMutableRawPointer]
    private let outputGradients: [UnsafeMutableRawPointer]
    /// What the steps point to.
    private var primitives: [Primitive] = []
    private var memories: [Memory] = []
    private var lists: [UnsafeMutablePointer<dnnl_exec_arg_t>] = []
    /// Whether the last run was one in training, whose gradients can be asked for.
    private var isReadyForGradients = false

    init(_ graph: BoundGraph, options: TrainingOptions) throws {
        self.graph = graph
        parameters = try ParameterSet(graph)
        threads = Int32(options.threads)
        stream = try Stream()
        let builder = try TrainingBuilder(graph, options: options, parameters: parameters)
        let plan = ArenaPlan(Self.buffers(of: builder), alignment: Tensor.alignment)
        let arena = try Allocation(byteCount: plan.byteCount)
        self.arena = arena
        func address(_ operand: TrainingOperand) -> UnsafeMutableRawPointer {
            switch operand.place {
            case .buffer(let index): arena.address + plan.offsets[index]
            case .fixed(let address): address
            }
        }
        inputs = builder.inputs.map(address)
        outputs = builder.outputs.map(address)
        outputGradients = builder.outputGradients.map(address)
        for step in builder.steps {
            let ready: Step
            switch step.action {
            case .execute(let primitive, let arguments):
                let list = UnsafeMutablePointer<dnnl_exec_arg_t>.allocate(capacity: arguments.count)
                for (index, (argument, operand)) in arguments.enumerated() {
                    let memory = try Memory(operand.layout, at: address(operand))
                    memories.append(memory)
                    (list + index).initialize(to: dnnl_exec_arg_t(arg: argument, memory: memory.handle))
                }
                lists.append(list)
                primitives.append(primitive)
                ready = .execute(primitive.handle, list, Int32(arguments.count))
            case .clear(let operand): ready = .clear(address(operand), operand.layout.byteCount)
            case .round(let operand): ready = .round(address(operand), Int64(operand.layout.elementCount))
            case .call(let operands, let body): ready = .call(operands.map(address), body)
            }
            if step.phases.contains(.training) { training.append(ready) }
            if step.phases.contains(.evaluation) { evaluation.append(ready) }
            if step.phases.contains(.backward) { backwardSteps.append(ready) }
        }
    }

    deinit { for list in lists { list.deallocate() } }

    /// When each buffer is needed. What comes in and goes out is needed from the first to the last step.
    private static func buffers(of builder: TrainingBuilder) -> [ArenaPlan.Buffer] {
        let last = builder.steps.count
        var lifetimes = [ClosedRange<Int>?](repeating: nil, count: builder.buffers.count)
        func touch(_ operand: TrainingOperand, _ steps: ClosedRange<Int>) {
            guard case .buffer(let index) = operand.place else { return }
            let known = lifetimes[index] ?? steps
            lifetimes[index] = min(known.lowerBound, steps.lowerBound)...max(known.upperBound, steps.upperBound)
        }
        for (index, step) in builder.steps.enumerated() {
            for operand in step.operands { touch(operand, index...index) }
        }
        for operand in builder.inputs + builder.outputs + builder.outputGradients { touch(operand, 0...last) }
        return zip(builder.buffers, lifetimes).map { ArenaPlan.Buffer(byteCount: $0, lifetime: $1 ?? 0...0) }
    }

    func forward(_ inputs: [Tensor], isTraining: Bool, into outputs: inout [Tensor]) throws {
        try check(inputs, for: graph.graph.inputs.map(\.value), what: "inputs")
        copy(inputs, to: self.inputs)
        try run(isTraining ? training : evaluation)
        isReadyForGradients = isTraining
        for index in outputs.indices {
            outputs[index].withUnsafeMutableBytes {
                $0.copyMemory(from: UnsafeRawBufferPointer(start: self.outputs[index], count: $0.count))
            }
        }
    }

    func backward(_ outputGradients: [Tensor]) throws {
        guard isReadyForGradients else {
            throw TesseraError(.invalidArgument, "expected a run in training before gradients are asked for")
        }
        try check(outputGradients, for: graph.graph.outputs.map(\.value), what: "output gradients")
        copy(outputGradients, to: self.outputGradients)
        try run(backwardSteps)
    }

    private func copy(_ tensors: [Tensor], to addresses: [UnsafeMutableRawPointer]) {
        for (tensor, address) in zip(tensors, addresses) {
            tensor.withUnsafeBytes { bytes in
                if let source = bytes.baseAddress { address.copyMemory(from: source, byteCount: bytes.count) }
            }
        }
    }

    private func run(_ steps: [Step]) throws {
        omp_set_num_threads(threads)
        let deadline = Deadline.Watch()
        for step in steps {
            try deadline.check()
            switch step {
            case .execute(let primitive, let arguments, let count):
                let status = dnnl_primitive_execute(primitive, stream.handle, count, arguments)
                if status != dnnl_success { try check(status, "running a primitive") }
            case .clear(let address, let count): memset(address, 0, count)
            case .round(let address, let count):
                ck_round(address.assumingMemoryBound(to: Float.self), count, ck_bf16, threads)
            case .call(let addresses, let body): try body(addresses)
            }
        }
    }

    private func check(_ status: dnnl_status_t, _ action: String) throws {
        try TesseraOneDNN.check(status, action)
    }
}
