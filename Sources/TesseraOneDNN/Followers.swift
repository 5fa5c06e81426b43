import COneDNN
import TesseraCore
import TesseraOperators

/// A layer that may run within the one before it.
struct Follower {
    enum Work {
        case functions([ElementFunction])
        /// The sum with another value.
        case residual(Graph.ValueID)
    }

    var node: Graph.Node
    var work: Work
}

extension ProgramBuilder {
    /// The layers after `node` that each are the only reader of what is before them, and that a kernel can compute on its result
    /// before it stores it: functions of each element, and one sum with a value that is there already.
    func followers(of node: Graph.Node) -> [Follower] {
        var result: [Follower] = []
        var value = node.outputs[0]
        while let next = soleReader(of: value), options.precision[next.name] == context.precision,
            let work = work(of: next, on: value, hasResidual: result.contains(where: \.isResidual))
        {
            result.append(Follower(node: next, work: work))
            value = next.outputs[0]
        }
        return result
    }

    private func work(of next: Graph.Node, on value: Graph.ValueID, hasResidual: Bool) -> Follower.Work? {
        guard next.outputs.count == 1, graph.elementTypes[next.outputs[0]] == .f32 else { return nil }
        if next.inputs == [value] {
            let functions = ElementFunction.functions(of: next.op)
            return functions.flatMap { $0.allSatisfy(\.isSameWithinKernels) ? .functions($0) : nil }
        }
        guard next.op is Add, next.inputs.count == 2, !hasResidual,
            let other = next.inputs.first(where: { $0 != value }), isMade(other), isComputable(other),
            graph.shapes[other] == graph.shapes[value]
        else { return nil }
        return .residual(other)
    }
}

extension Follower {
    fileprivate var isResidual: Bool {
        if case .residual = work { true } else { false }
    }

    /// - Parameter sum: how a residual is added.
    fileprivate func operations(_ sum: PostOperation) -> [PostOperation] {
        switch work {
        case .functions(let functions): functions.map { .function($0) }
        case .residual: [sum]
        }
    }
}

/// A kernel with the layers that follow it.
struct FusedKernel {
    var descriptor: PrimitiveDescriptor
    /// Where its result is made.
    var result: ProgramBuilder.Operand
    /// Operands of the layers that follow.
    var arguments: [(Int32, ProgramBuilder.Argument)] = []
    var nodes: [Graph.Node] = []
}

extension LayerLowering {
    /// What a kernel of this layer does besides if it does all that follows; empty where that is not known before its
    /// layouts are.
    var functionsBehind: [PostOperation] {
        let followers = builder.followers(of: node)
        guard !followers.contains(where: \.isResidual) else { return [] }
        return followers.flatMap { $0.operations(.sum()) }
    }

    /// The kernel of a layer with as many of those that follow it as it can do.
    ///
    /// - Parameters:
    ///   - target: the layout of the result.
    ///   - create: makes the same kernel with post-operations; nil if it cannot do them.
    func fused(
        _ descriptor: PrimitiveDescriptor, to target: Layout, isWhole: Bool = true,
        create: ([PostOperation]) -> PrimitiveDescriptor?
    ) throws -> FusedKernel {
        var followers = builder.followers(of: node)
        if !isWhole { followers = Array(followers.prefix { !$0.isResidual }) }
        while !followers.isEmpty {
            // In f32, what comes out may not depend on whether the sum is a layer of its own.
            let sumsBeforeBias = descriptor.implementation.hasPrefix("jit") && target.type == dnnl_f32
            let kernel = try attempt(followers, to: target, sumsBeforeBias: sumsBeforeBias, create: create)
            if let kernel { return kernel }
            followers.removeLast()
        }
        return FusedKernel(descriptor: descriptor, result: builder.allocate(target))
    }

    /// - Parameter sumsBeforeBias: whether the kernel adds what its destination holds before the bias, so that it rounds otherwise
    ///   than a sum after the layer; a sum with another operand comes after the bias.
    private func attempt(
        _ followers: [Follower], to target: Layout, sumsBeforeBias: Bool,
        create: ([PostOperation]) -> PrimitiveDescriptor?
    ) throws -> FusedKernel? {
        let residual = followers.compactMap { follower -> Graph.ValueID? in
            if case .residual(let other) = follower.work { other } else { nil }
        }.first
        func operations(_ sum: PostOperation) -> [PostOperation] { followers.flatMap { $0.operations(sum) } }
        let nodes = followers.map(\.node)
        guard let residual else {
            return create(operations(.sum())).map {
                FusedKernel(descriptor: $0, result: builder.allocate(target), nodes: nodes)
            }
        }
        // Kernels are asked before anything is reordered for them.
        if !sumsBeforeBias, builder.isLastReader(of: residual, in: target),
            let descriptor = create(operations(.sum()))
        {
            return FusedKernel(
                descriptor: descriptor, result: try builder.operand(residual, in: target), nodes: nodes)
        }
        let apart = operations(.add(target))
        guard let descriptor = create(apart), let position = apart.firstIndex(where: \.readsOperand) else { return nil }
        let other = try builder.operand(residual, in: target)
        return FusedKernel(
            descriptor: descriptor, result: builder.allocate(target),
            arguments: [(onednn_post_operand(Int32(position)), .operand(other))], nodes: nodes)
    }

    /// Records what a fused kernel made.
    func finish(_ kernel: FusedKernel, _ result: ProgramBuilder.Operand) throws {
        builder.merge(kernel.nodes)
        try builder.define(kernel.nodes.last?.outputs[0] ?? output, as: result)
        builder.describe(kernel.descriptor.implementation)
    }
}
