import TesseraCluster
import TesseraCore
import TransportMulticast
import TransportTCP

/// Looks at a host's set-up as a node or a leader would use it, and at the nodes that it reaches.
public struct Doctor: Sendable {
    /// What the host is set up for.
    public struct Setup: Sendable {
        public var transport: TransportChoice
        public var security: SecurityChoice?
        /// Where nodes listen.
        public var nodes: [String] = []
        /// What is wrong with what was looked for to know this, such as nodes that were not heard.
        public var findings: [Finding] = []
        /// Where this host is to listen; nil for a leader, which does not.
        public var listen: String?
        /// What this host is to be called; nil if its certificate or the system decides.
        public var name: String?

        public init(transport: TransportChoice? = nil, security: SecurityChoice? = nil) {
            self.transport = transport ?? TransportChoice(kind: "tcp")
            self.security = security
        }
    }

    let setup: Setup
    let modules: Modules

    public init(_ setup: Setup, modules: Modules = .builtin) { (self.setup, self.modules) = (setup, modules) }

    /// Everything that was looked at, whether it is well or not.
    public func examine() async -> [Finding] {
        var findings = host() + certificates() + setup.findings
        do {
            _ = try modules.transports.make(setup.transport.kind, setup.transport.settings)
        } catch {
            return findings + [
                .error(
                    "transport", "\(error)", remedy: "correct the file; 'tessera plugins' lists transports and settings"
                )
            ]
        }
        if setup.transport.kind == "multicast" { findings += multicast() }
        if let listen = setup.listen { findings.append(await listening(on: listen)) }
        if !setup.nodes.isEmpty { findings += await nodes() }
        return findings
    }

    /// The multicast settings; nil for another transport.
    var multicastSettings: MulticastSettings? {
        guard setup.transport.kind == "multicast" else { return nil }
        return try? MulticastSettings(configuration: setup.transport.settings)
    }
}
