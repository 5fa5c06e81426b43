import COneDNN
import Foundation
import TesseraCore
import TesseraRuntime

/// A compiled graph: a list of primitives over one arena.
///
/// `@unchecked Sendable`: everything is made in the initializer and only read afterwards, but for the arena, which `lock`
/// guards for the whole of a run.
final class Program: CompiledNetwork, @unchecked Sendable {
    /// Plain values throughout, so that running them takes no memory and counts no references.
    private enum Step {
        case execute(dnnl_primitive_t, UnsafePointer<dnnl_exec_arg_t>, Int32)
        case useThreads(Int32)
        case fill(UnsafeMutableBufferPointer<Float>, Float)
        case round(UnsafeMutableRawPointer, Int64, isHalf: Int32)
        case input(Int, UnsafeMutableRawPointer)
        case output(UnsafeRawPointer, Int)
        case reference(Int)
    }

    private struct ReferenceCall {
        var op: any Operator
        var parameters: [String: Tensor]
        var inputs: [(UnsafeRawPointer, ProgramBuilder.ValueType)]
        var outputs: [UnsafeMutableRawPointer]
        var precision: Precision
    }

    let kernels: [KernelDescription]
    let activationByteCount: Int
    private let labels: [ProgramBuilder.Label]
    private let outputTypes: [ProgramBuilder.ValueType]
    private let threads: Int32
    private let arena: Allocation
    private let constants: [Allocation]
    private let primitives: [Primitive]
    /// What the arguments of the steps point to.
    private let memories: [Memory]
    private let arguments: ArgumentLists
    private let references: [ReferenceCall]
    private let stream: Stream
    private let steps: [Step]
    /// The places in `steps` after which the steps of `labels` end.
    private let ends: [Int]
    private let lock = NSLock()

    init(_ builder: ProgramBuilder) throws {
        let plan = ArenaPlan(builder.buffers, alignment: Tensor.alignment)
        let arena = try Allocation(byteCount: plan.byteCount)
        let arguments = ArgumentLists()
        var memories: [Memory] = []
        var primitives: [Primitive] = []
        var references: [ReferenceCall] = []
        var steps: [Step] = []
        var ends: [Int] = []

        func address(_ operand: ProgramBuilder.Operand) -> UnsafeMutableRawPointer {
            arena.address + plan.offsets[operand.buffer]
        }
        func list(_ operands: [(Int32, ProgramBuilder.Argument)]) throws -> UnsafePointer<dnnl_exec_arg_t> {
            arguments.add(
                try operands.map { index, argument in
                    switch argument {
                    case .operand(let operand): memories.append(try Memory(operand.layout, at: address(operand)))
                    case .constant(let memory): memories.append(memory)
                    }
                    return dnnl_exec_arg_t(arg: index, memory: memories[memories.count - 1].handle)
                })
        }
        let all = Int32(builder.threads)
        for step in builder.steps {
            switch step {
            case .execute(let primitive, let operands, let few):
                primitives.append(primitive)
                if let few { steps.append(.useThreads(Int32(few))) }
                steps.append(.execute(primitive.handle, try list(operands), Int32(operands.count)))
                if few != nil { steps.append(.useThreads(all)) }
            // In other types than f32 it is zero, which is all bits zero in every type.
            case .fill(let operand, let value):
                let count = (operand.layout.byteCount + 3) / 4
                let start = address(operand).bindMemory(to: Float.self, capacity: count)
                steps.append(.fill(UnsafeMutableBufferPointer(start: start, count: count), value))
            case .round(let operand, let precision):
                let count = Int64(operand.layout.elementCount)
                steps.append(.round(address(operand), count, isHalf: precision == .f16 ? 1 : 0))
            case .input(let index, let operand): steps.append(.input(index, address(operand)))
            case .output(let operand, let index): steps.append(.output(UnsafeRawPointer(address(operand)), index))
            case .reference(let op, let parameters, let inputs, let types, let outputs, let precision):
                let sources = zip(inputs, types).map { (UnsafeRawPointer(address($0)), $1) }
                steps.append(.reference(references.count))
                references.append(
                    ReferenceCall(
                        op: op, parameters: parameters, inputs: sources, outputs: outputs.map(address),
                        precision: precision))
            }
            ends.append(steps.count)
        }
        let graph = builder.graph
        outputTypes = graph.graph.outputs.map {
            .init(shape: graph.shapes[$0.value], elementType: graph.elementTypes[$0.value])
        }
        (kernels, labels) = (builder.kernels, builder.labels)
        activationByteCount = plan.byteCount
        constants = builder.constants
        stream = try Stream()
        threads = all
        (self.arena, self.arguments, self.memories) = (arena, arguments, memories)
        (self.primitives, self.references, self.steps, self.ends) = (primitives, references, steps, ends)
    }

    func makeOutputs() throws -> [Tensor] {
        try outputTypes.map { try Tensor(zeros: $0.shape, elementType: $0.elementType) }
    }

    func run(_ inputs: [Tensor], into outputs: inout [Tensor], isCancelled: () -> Bool) throws {
        lock.lock()
        defer { lock.unlock() }
        omp_set_num_threads(threads)
        // An iterator would take memory where it is not optimized away.
        var index = 0
        while index < steps.count {
            if isCancelled() { throw CancellationError() }
            try run(steps[index], inputs, &outputs)
            index += 1
        }
    }

    func profile(_ inputs: [Tensor]) throws -> [StepSpan] {
        var outputs = try makeOutputs()
        let clock = ContinuousClock()
        var times: [ContinuousClock.Instant] = []
        times.reserveCapacity(ends.count)
        lock.lock()
        defer { lock.unlock() }
        omp_set_num_threads(threads)
        let start = clock.now
        var first = 0
        for end in ends {
            for step in steps[first..<end] { try run(step, inputs, &outputs) }
            times.append(clock.now)
            first = end
        }
        return zip(labels, zip([start] + times, times)).map { label, span in
            StepSpan(
                layer: label.layer, kind: label.kind, implementation: label.implementation, start: span.0 - start,
                duration: span.1 - span.0)
        }
    }

    private func run(_ step: Step, _ inputs: [Tensor], _ outputs: inout [Tensor]) throws {
        switch step {
        case .execute(let primitive, let arguments, let count):
            let status = dnnl_primitive_execute(primitive, stream.handle, count, arguments)
            if status != dnnl_success { try check(status, "running a primitive") }
        case .useThreads(let count): omp_set_num_threads(count)
        case .fill(let buffer, let value): buffer.update(repeating: value)
        case .round(let elements, let count, let isHalf): onednn_round(elements, count, isHalf, threads)
        case .input(let index, let target):
            inputs[index].withUnsafeBytes { bytes in
                if let source = bytes.baseAddress { target.copyMemory(from: source, byteCount: bytes.count) }
            }
        case .output(let source, let index):
            outputs[index].withUnsafeMutableBytes {
                $0.copyMemory(from: UnsafeRawBufferPointer(start: source, count: $0.count))
            }
        case .reference(let index): try run(references[index])
        }
    }

    private func run(_ call: ReferenceCall) throws {
        // The tensors live no longer than this call, and the arena is not written to before what comes out is copied.
        let inputs = try call.inputs.map { source, type in
            try Tensor(
                borrowing: UnsafeRawBufferPointer(start: source, count: type.byteCount), shape: type.shape,
                elementType: type.elementType, owner: self
            ).rounded(to: call.precision)
        }
        for (tensor, target) in zip(try call.op.forward(inputs, parameters: call.parameters), call.outputs) {
            try tensor.rounded(to: call.precision).withUnsafeBytes { bytes in
                if let source = bytes.baseAddress { target.copyMemory(from: source, byteCount: bytes.count) }
            }
        }
    }
}

/// Lists of arguments at addresses that do not change.
private final class ArgumentLists {
    private var lists: [UnsafeMutablePointer<dnnl_exec_arg_t>] = []

    func add(_ arguments: [dnnl_exec_arg_t]) -> UnsafePointer<dnnl_exec_arg_t> {
        let list = UnsafeMutablePointer<dnnl_exec_arg_t>.allocate(capacity: max(1, arguments.count))
        list.initialize(from: arguments, count: arguments.count)
        lists.append(list)
        return UnsafePointer(list)
    }

    deinit { for list in lists { list.deallocate() } }
}
