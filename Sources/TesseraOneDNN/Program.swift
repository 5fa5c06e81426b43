import CKernels
import COneDNN
import Foundation
import TesseraCore
import TesseraRuntime

/// A compiled graph: a list of primitives over one arena.
///
/// `@unchecked Sendable`: everything is made in the initializer and only read afterwards, but for where buffers lie, in the arena or
/// in the caller's tensors, which `lock` guards for the whole of a run.
final class Program: CompiledNetwork, @unchecked Sendable {
    /// Plain values throughout, so that running them takes no memory and counts no references. Buffers are named by their place in
    /// `addresses`.
    private enum Step {
        case execute(dnnl_primitive_t, UnsafePointer<dnnl_exec_arg_t>, Int32)
        case useThreads(Int32)
        case fill(Int, count: Int, Float)
        case round(Int, Int64, ck_precision)
        /// Of the buffer of numbers, that of bytes.
        case quantize(Int, Int, ck_quantization, isBackwards: Bool)
        case shiftBytes(Int, Int, Int64)
        case convolve(Int)
        case input(Int, Int)
        case output(Int, Int)
        case reference(Int)
    }

    private struct ConvolutionCall {
        var work: OwnWork
        var source: Int
        var residual: Int?
        var target: Int
        var scratch: Int
    }

    private struct ReferenceCall {
        var op: any Operator
        var parameters: [String: Tensor]
        var inputs: [(buffer: Int, type: ProgramBuilder.ValueType)]
        var outputs: [Int]
        var precision: Precision
    }

    let kernels: [KernelDescription]
    let activationByteCount: Int
    private let labels: [ProgramBuilder.Label]
    private let outputTypes: [ProgramBuilder.ValueType]
    private let threads: Int32
    private let arena: ActivationMemory
    /// By buffer: where it lies in the arena; nil for one that is bound.
    private let offsets: [Int?]
    /// Where the arena was in the last run.
    private var base: UnsafeMutableRawPointer?
    /// By buffer: where it lies, in the arena or in the caller's tensors.
    private let addresses: UnsafeMutableBufferPointer<UnsafeMutableRawPointer>
    /// By input and output: the buffer that lies in the caller's tensor during a run; nil for one that is copied.
    private let boundInputs: [Int?]
    private let boundOutputs: [Int?]
    /// By buffer: the memories of its operands.
    private let operands: [[Memory]]
    private var copies: [Int: Allocation] = [:]
    private let constants: [Allocation]
    private let primitives: [Primitive]
    /// What the arguments of the steps point to.
    private let memories: [Memory]
    private let arguments: ArgumentLists
    private let convolutions: [ConvolutionCall]
    private let references: [ReferenceCall]
    private let stream: Stream
    private let steps: [Step]
    /// The places in `steps` after which the steps of `labels` end.
    private let ends: [Int]
    private let lock = NSLock()

    init(_ builder: ProgramBuilder) throws {
        let bindings = Bindings(builder)
        var buffers = builder.buffers
        for buffer in bindings.buffers { buffers[buffer].byteCount = 0 }
        let plan = ArenaPlan(buffers, alignment: Tensor.alignment)
        arena = builder.options.activations ?? ActivationMemory()
        try arena.reserve(byteCount: plan.byteCount)
        let arguments = ArgumentLists()
        var memories: [Memory] = []
        var operands = [[Memory]](repeating: [], count: buffers.count)
        var primitives: [Primitive] = []
        var convolutions: [ConvolutionCall] = []
        var references: [ReferenceCall] = []
        var steps: [Step] = []
        var ends: [Int] = []

        func memory(_ operand: ProgramBuilder.Operand) throws -> Memory {
            let memory = try Memory(operand.layout, at: nil)
            operands[operand.buffer].append(memory)
            return memory
        }
        func list(_ operands: [(Int32, ProgramBuilder.Argument)]) throws -> UnsafePointer<dnnl_exec_arg_t> {
            arguments.add(
                try operands.map { index, argument in
                    switch argument {
                    case .operand(let operand): memories.append(try memory(operand))
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
                steps.append(.fill(operand.buffer, count: (operand.layout.byteCount + 3) / 4, value))
            case .round(let operand, let precision):
                let count = Int64(operand.layout.elementCount)
                steps.append(.round(operand.buffer, count, ck_precision(precision)))
            case .quantize(let numbers, let bytes, let scale, let isBackwards):
                let work = ck_quantization(
                    numbers: nil, integers: nil, count: Int64(bytes.layout.byteCount), scale: scale.scale,
                    zero_point: Int32(scale.zeroPoint), low: Int32(scale.range.lowerBound),
                    high: Int32(scale.range.upperBound), is_signed: scale.type == .i8 ? 1 : 0)
                steps.append(.quantize(numbers.buffer, bytes.buffer, work, isBackwards: isBackwards))
            case .shiftBytes(let source, let target):
                steps.append(.shiftBytes(source.buffer, target.buffer, Int64(source.layout.byteCount)))
            case .convolve(let work, let source, let residual, let target, let scratch):
                steps.append(.convolve(convolutions.count))
                convolutions.append(
                    ConvolutionCall(
                        work: work, source: source.buffer, residual: residual?.buffer, target: target.buffer,
                        scratch: scratch.buffer))
            case .input(let index, let operand): steps.append(.input(index, operand.buffer))
            case .output(let operand, let index): steps.append(.output(operand.buffer, index))
            case .reference(let op, let parameters, let inputs, let types, let outputs, let precision):
                steps.append(.reference(references.count))
                references.append(
                    ReferenceCall(
                        op: op, parameters: parameters, inputs: zip(inputs, types).map { ($0.buffer, $1) },
                        outputs: outputs.map(\.buffer), precision: precision))
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
        (self.arguments, self.memories, self.operands) = (arguments, memories, operands)
        (self.primitives, self.convolutions, self.references) = (primitives, convolutions, references)
        (self.steps, self.ends) = (steps, ends)
        (boundInputs, boundOutputs) = (bindings.inputs, bindings.outputs)
        offsets = plan.offsets.enumerated().map { bindings.buffers.contains($0) ? nil : $1 }
        addresses = .allocate(capacity: offsets.count)
        // Nowhere yet: a run begins with placing them.
        if let start = addresses.baseAddress { addresses.initialize(repeating: UnsafeMutableRawPointer(start)) }
    }

    deinit { addresses.deallocate() }

    func makeOutputs() throws -> [Tensor] {
        try outputTypes.map { try Tensor(unwritten: $0.shape, elementType: $0.elementType) }
    }

    func run(_ inputs: [Tensor], into outputs: inout [Tensor], isCancelled: () -> Bool) throws {
        lock.lock()
        defer { lock.unlock() }
        omp_set_num_threads(threads)
        let deadline = Deadline.Watch()
        try arena.withMemory { memory in
            try place(in: memory)
            try bind(&outputs)
            // An iterator would take memory where it is not optimized away.
            var index = 0
            while index < steps.count {
                if isCancelled() { throw CancellationError() }
                try deadline.check()
                try run(steps[index], inputs, &outputs)
                index += 1
            }
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
        var start = clock.now
        try arena.withMemory { memory in
            try place(in: memory)
            try bind(&outputs)
            start = clock.now
            var first = 0
            for end in ends {
                for step in steps[first..<end] { try run(step, inputs, &outputs) }
                times.append(clock.now)
                first = end
            }
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
        case .fill(let buffer, let count, let value):
            addresses[buffer].bindMemory(to: Float.self, capacity: count).update(repeating: value, count: count)
        case .round(let buffer, let count, let precision):
            ck_round(addresses[buffer].assumingMemoryBound(to: Float.self), count, precision, threads)
        case .quantize(let numbers, let bytes, var work, let isBackwards):
            work.numbers = addresses[numbers].assumingMemoryBound(to: Float.self)
            work.integers = addresses[bytes].assumingMemoryBound(to: UInt8.self)
            if isBackwards { ck_dequantize(&work, threads) } else { ck_quantize(&work, threads) }
        case .shiftBytes(let source, let target, let count):
            ck_shift_bytes(
                addresses[source].assumingMemoryBound(to: UInt8.self),
                addresses[target].assumingMemoryBound(to: UInt8.self), count)
        case .convolve(let index): run(convolutions[index])
        case .input(let index, let buffer): try take(inputs[index], as: buffer, isBound: boundInputs[index] != nil)
        case .output(let buffer, let index):
            guard boundOutputs[index] == nil else { break }
            outputs[index].withUnsafeMutableBytes {
                $0.copyMemory(from: UnsafeRawBufferPointer(start: addresses[buffer], count: $0.count))
            }
        case .reference(let index): try run(references[index])
        }
    }

    /// Has buffers lie in the arena, wherever that is in this run.
    private func place(in memory: UnsafeMutableRawPointer) throws {
        guard memory != base else { return }
        base = nil
        for (buffer, offset) in offsets.enumerated() {
            if let offset { try bind(buffer, to: memory + offset) }
        }
        base = memory
    }

    /// Has buffers lie in the tensors that come out. Nobody else refers to these, and they stay where they are during a run.
    private func bind(_ outputs: inout [Tensor]) throws {
        var index = 0
        while index < boundOutputs.count {
            if let buffer = boundOutputs[index] {
                let address = outputs[index].withUnsafeMutableBytes { $0.baseAddress }
                if let address { try bind(buffer, to: address) }
            }
            index += 1
        }
    }

    private func bind(_ buffer: Int, to address: UnsafeMutableRawPointer) throws {
        guard addresses[buffer] != address else { return }
        addresses[buffer] = address
        let memories = operands[buffer]
        var index = 0
        while index < memories.count {
            let status = dnnl_memory_set_data_handle(memories[index].handle, address)
            if status != dnnl_success { try check(status, "setting memory") }
            index += 1
        }
    }

    /// Has an input's buffer lie in the tensor that comes in, or copies the tensor into the buffer.
    private func take(_ tensor: Tensor, as buffer: Int, isBound: Bool) throws {
        try tensor.withUnsafeBytes { bytes in
            guard let source = bytes.baseAddress else { return }
            if isBound, Int(bitPattern: source) % Tensor.alignment == 0 {
                return try bind(buffer, to: UnsafeMutableRawPointer(mutating: source))
            }
            if isBound { try bind(buffer, to: copy(of: buffer, byteCount: bytes.count)) }
            addresses[buffer].copyMemory(from: source, byteCount: bytes.count)
        }
    }

    /// Memory for an input that lies where kernels do not like to read it.
    private func copy(of buffer: Int, byteCount: Int) throws -> UnsafeMutableRawPointer {
        let allocation = try copies[buffer] ?? Allocation(byteCount: byteCount)
        copies[buffer] = allocation
        return allocation.address
    }

    private func run(_ call: ConvolutionCall) {
        call.work.run(
            source: addresses[call.source], target: addresses[call.target], scratch: addresses[call.scratch],
            residual: call.residual.map { UnsafeRawPointer(addresses[$0]) }, threads: threads)
    }

    private func run(_ call: ReferenceCall) throws {
        // The tensors live no longer than this call, and the arena is not written to before what comes out is copied.
        let inputs = try call.inputs.map { buffer, type in
            try Tensor(
                borrowing: UnsafeRawBufferPointer(start: addresses[buffer], count: type.byteCount), shape: type.shape,
                elementType: type.elementType, owner: self
            ).rounded(to: call.precision)
        }
        for (tensor, buffer) in zip(try call.op.forward(inputs, parameters: call.parameters), call.outputs) {
            try tensor.rounded(to: call.precision).withUnsafeBytes { bytes in
                if let source = bytes.baseAddress { addresses[buffer].copyMemory(from: source, byteCount: bytes.count) }
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
