import Foundation
import TesseraCore
import TesseraRuntime

/// What a node computes with.
public struct NodeEquipment: Sendable {
    public var operators: Registry<any Operator>
    public var backend: any KernelBackend
    public var options: CompileOptions
    public var limits: NodeLimits
    /// Where weights are kept that outlive the node; nil to keep them in memory alone.
    public var archive: (any WeightArchive)?
    /// Nil for a node that takes weights only as they are.
    public var decoder: (any WeightDecoder)?

    public init(
        operators: Registry<any Operator>, backend: any KernelBackend, options: CompileOptions = CompileOptions(),
        limits: NodeLimits = NodeLimits(), archive: (any WeightArchive)? = nil, decoder: (any WeightDecoder)? = nil
    ) {
        (self.operators, self.backend, self.options) = (operators, backend, options)
        (self.limits, self.archive, self.decoder) = (limits, archive, decoder)
    }

    /// What a node with this equipment tells the others about itself.
    ///
    /// - Parameter identity: the same whenever it is started; nil for one that ends with what it was started for.
    public func information(named name: PeerID, identity: String? = nil) -> PeerInformation {
        let precisions = Precision.allCases.filter(backend.precisions.contains).map(\.rawValue)
        var capabilities = [
            "backend": backend.nameAndVersion,
            PeerInformation.memoryKey: String(ProcessInfo.processInfo.physicalMemory),
            PeerInformation.precisionsKey: precisions.joined(separator: " "),
        ]
        capabilities[PeerInformation.identityKey] = identity
        return PeerInformation(
            peer: name, cores: options.threads, instructionSet: backend.instructionSet, capabilities: capabilities)
    }

    /// A node with this equipment, which listens to the others from now on.
    public func node(on transport: any Transport) async -> Node {
        let node = Node(
            transport: transport, operators: operators, backend: backend, options: options, limits: limits,
            archive: archive, decoder: decoder)
        await node.start()
        return node
    }
}

extension KernelBackend {
    /// What two nodes that add in the same order have in common, beside the instruction set.
    var nameAndVersion: String { version.isEmpty ? name : "\(name) \(version)" }
}
