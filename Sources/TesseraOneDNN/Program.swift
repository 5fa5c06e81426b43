import COneDNN
import Foundation
import TesseraCore
import TesseraRuntime

/// A compiled graph: a list of primitives over one arena.
///
/// `@unchecked Sendable`: everything is made in the initializer and only read afterwards, but for the arena, which `lock`
/// guards for the whole of a run.
final class Program: CompiledNetwork, @unchecked Sendable {
    private enum Step {
        case execute(Primitive, [dnnl_exec_arg_t], threads: Int?)
        case fill(UnsafeMutableBufferPointer<Float>, Float)
        case input(Int, UnsafeMutableRawPointer)
        case output(UnsafeRawPointer, Int)
        case reference(
            any Operator, [String: Tensor], [(UnsafeRawPointer, ProgramBuilder.ValueType)], [UnsafeMutableRawPointer])
    }

    let kernels: [KernelDescription]
    private let labels: [ProgramBuilder.Label]
    let activationByteCount: Int
    private let outputTypes: [ProgramBuilder.ValueType]
    private let threads: Int
    private let arena: Allocation
    private let constants: [Allocation]
    /// What the arguments of the steps point to.
    private let memories: [Memory]
    private let stream: Stream
    private let steps: [Step]
    private let lock = NSLock()

    init(_ builder: ProgramBuilder) throws {
        let plan = ArenaPlan(builder.buffers, alignment: Tensor.alignment)
        let arena = try Allocation(byteCount: plan.byteCount)
        var memories: [Memory] = []

        func address(_ operand: ProgramBuilder.Operand) -> UnsafeMutableRawPointer {
            arena.address + plan.offsets[operand.buffer] + operand.offset
        }
        func memory(_ argument: ProgramBuilder.Argument) throws -> Memory {
            switch argument {
            case .operand(let operand): try Memory(operand.layout, at: address(operand))
            case .constant(let memory): memory
            }
        }
        steps = try builder.steps.map { step in
            switch step {
            case .execute(let primitive, let arguments, let threads):
                return .execute(
                    primitive,
                    try arguments.map { index, argument in
                        memories.append(try memory(argument))
                        return dnnl_exec_arg_t(arg: index, memory: memories[memories.count - 1].handle)
                    }, threads: threads)
            case .fill(let operand, let value):
                let count = operand.layout.byteCount / MemoryLayout<Float>.stride
                let start = address(operand).bindMemory(to: Float.self, capacity: count)
                return .fill(UnsafeMutableBufferPointer(start: start, count: count), value)
            case .input(let index, let operand): return .input(index, address(operand))
            case .output(let operand, let index): return .output(UnsafeRawPointer(address(operand)), index)
            case .reference(let op, let parameters, let inputs, let types, let outputs):
                let sources = zip(inputs, types).map { (UnsafeRawPointer(address($0)), $1) }
                return .reference(op, parameters, sources, outputs.map(address))
            }
        }
        let graph = builder.graph
        outputTypes = graph.graph.outputs.map {
            .init(shape: graph.shapes[$0.value], elementType: graph.elementTypes[$0.value])
        }
        (kernels, labels) = (builder.kernels, builder.labels)
        activationByteCount = plan.byteCount
        constants = builder.constants
        stream = try Stream()
        threads = builder.threads
        self.arena = arena
        self.memories = memories
    }

    func run(_ inputs: [Tensor], isCancelled: () -> Bool) throws -> [Tensor] {
        try run(inputs, isCancelled: isCancelled) { _ in }
    }

    func profile(_ inputs: [Tensor]) throws -> [StepSpan] {
        let clock = ContinuousClock()
        var ends: [ContinuousClock.Instant] = []
        ends.reserveCapacity(steps.count)
        var start = clock.now
        _ = try run(inputs) {
            if $0 == 0 { start = clock.now } else { ends.append(clock.now) }
        }
        return zip(labels, zip([start] + ends, ends)).map { label, span in
            StepSpan(
                layer: label.layer, kind: label.kind, implementation: label.implementation, start: span.0 - start,
                duration: span.1 - span.0)
        }
    }

    /// - Parameter didRun: called with the number of steps that have been run, from 0 on.
    private func run(
        _ inputs: [Tensor], isCancelled: () -> Bool = { false }, didRun: (Int) -> Void
    ) throws -> [Tensor] {
        var outputs = try outputTypes.map { try Tensor(zeros: $0.shape, elementType: $0.elementType) }
        lock.lock()
        defer { lock.unlock() }
        omp_set_num_threads(Int32(threads))
        didRun(0)
        for (index, step) in steps.enumerated() {
            if isCancelled() { throw CancellationError() }
            switch step {
            case .execute(let primitive, let arguments, let few):
                if let few { omp_set_num_threads(Int32(few)) }
                defer { if few != nil { omp_set_num_threads(Int32(threads)) } }
                try stream.execute(primitive, arguments)
            case .fill(let buffer, let value): buffer.update(repeating: value)
            case .input(let index, let target):
                inputs[index].withUnsafeBytes { bytes in
                    if let source = bytes.baseAddress { target.copyMemory(from: source, byteCount: bytes.count) }
                }
            case .output(let source, let index):
                outputs[index].withUnsafeMutableBytes {
                    $0.copyMemory(from: UnsafeRawBufferPointer(start: source, count: $0.count))
                }
            case .reference(let op, let parameters, let sources, let targets):
                try runReference(op, parameters, sources, targets)
            }
            didRun(index + 1)
        }
        return outputs
    }

    private func runReference(
        _ op: any Operator, _ parameters: [String: Tensor], _ sources: [(UnsafeRawPointer, ProgramBuilder.ValueType)],
        _ targets: [UnsafeMutableRawPointer]
    ) throws {
        // The tensors live no longer than this call, and the arena is not written to before what comes out is copied.
        let inputs = try sources.map { source, type in
            try Tensor(
                borrowing: UnsafeRawBufferPointer(start: source, count: type.byteCount), shape: type.shape,
                elementType: type.elementType, owner: self)
        }
        for (tensor, target) in zip(try op.forward(inputs, parameters: parameters), targets) {
            tensor.withUnsafeBytes { bytes in
                if let source = bytes.baseAddress { target.copyMemory(from: source, byteCount: bytes.count) }
            }
        }
    }
}
