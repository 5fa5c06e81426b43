import COneDNN
import TesseraCore

/// Which buffers of a program lie in the caller's tensors, so that nothing is copied on the way in and out.
///
/// An input can be read where it is if no step writes to its buffer; an output can be made where it is to come out, with all that is
/// made in place before.
struct Bindings {
    /// By input and by output: its buffer; nil for one that is copied.
    private(set) var inputs: [Int?]
    private(set) var outputs: [Int?]
    private(set) var buffers: Set<Int> = []

    init(_ builder: ProgramBuilder) {
        let graph = builder.graph
        inputs = graph.graph.inputs.map { _ in nil }
        outputs = graph.graph.outputs.map { _ in nil }
        let written = Set(builder.steps.flatMap(\.written))
        for step in builder.steps {
            switch step {
            case .input(let index, let operand) where !written.contains(operand.buffer):
                inputs[index] = bind(operand.buffer, to: graph.graph.inputs[index].value, builder)
            case .output(let operand, let index):
                outputs[index] = bind(operand.buffer, to: graph.graph.outputs[index].value, builder)
            default: break
            }
        }
    }

    /// - Returns: the buffer, or nil for one that lies in another tensor already, or is larger than the value, which is a part of
    ///   something then.
    private mutating func bind(_ buffer: Int, to value: Graph.ValueID, _ builder: ProgramBuilder) -> Int? {
        guard builder.buffers[buffer].byteCount == builder.graph.byteCount(of: value) else { return nil }
        return buffers.insert(buffer).inserted ? buffer : nil
    }
}

extension ProgramBuilder.Step {
    private static let writtenArguments = [
        DNNL_ARG_DST_0, DNNL_ARG_DST_1, DNNL_ARG_DST_2, DNNL_ARG_WORKSPACE, DNNL_ARG_SCRATCHPAD,
    ]

    /// The buffers that the step writes to, but for an input's own.
    fileprivate var written: [Int] {
        switch self {
        case .execute(_, let arguments, _):
            arguments.compactMap { index, argument in
                guard case .operand(let operand) = argument else { return nil }
                return Self.writtenArguments.contains(index) ? operand.buffer : nil
            }
        case .fill(let operand, _), .round(let operand, _): [operand.buffer]
        case .quantize(let numbers, let bytes, _, let isBackwards): [isBackwards ? numbers.buffer : bytes.buffer]
        case .shiftBytes(_, let target): [target.buffer]
        case .convolve(_, _, _, let target, let scratch): [target.buffer, scratch.buffer]
        case .reference(_, _, _, _, let outputs, _): outputs.map(\.buffer)
        case .input, .output: []
        }
    }
}
