import TesseraCore
import TesseraRuntime

/// What a node computes with.
public struct NodeEquipment: Sendable {
    public var operators: Registry<any Operator>
    public var backend: any KernelBackend
    public var options: CompileOptions
    public var limits: NodeLimits

    public init(
        operators: Registry<any Operator>, backend: any KernelBackend, options: CompileOptions = CompileOptions(),
        limits: NodeLimits = NodeLimits()
    ) {
        (self.operators, self.backend, self.options, self.limits) = (operators, backend, options, limits)
    }

    /// What a node with this equipment tells the others about itself.
    public func information(named name: PeerID) -> PeerInformation {
        PeerInformation(
            peer: name, cores: options.threads, instructionSet: backend.instructionSet,
            capabilities: ["backend": backend.name])
    }

    /// A node with this equipment, which listens to the others from now on.
    public func node(on transport: any Transport) async -> Node {
        let node = Node(
            transport: transport, operators: operators, backend: backend, options: options, limits: limits)
        await node.start()
        return node
    }
}
