import ArgumentParser
import Foundation
import Tessera

/// Which nodes there are: those of a deployment's file, or some that are started.
struct MemberOptions: ParsableArguments {
    @Option(help: "Start this many nodes in this process.")
    var local: Int?

    @Option(help: "Start this many node processes on this host.")
    var spawn: Int?

    @Option(help: "The transport's name, or '{kind: NAME, …}' with its settings; see 'tessera plugins'.")
    var transport: String?

    @OptionGroup var security: SecurityOptions

    func validate() throws {
        guard local == nil || spawn == nil else { throw ValidationError("'--local' and '--spawn' exclude each other") }
    }

    func members(of file: DeploymentFile) throws -> Deployment.Members {
        if let local { return .local(local) }
        if let spawn {
            return .spawned(
                spawn, executable: try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
        }
        guard !file.nodes.isEmpty else {
            throw TesseraError(
                .invalidArgument,
                "the deployment names no nodes: list their addresses under 'nodes:', say 'nodes: discover', or use --local N or --spawn N"
            )
        }
        return try file.nodes.members(for: transport(of: file)?.kind)
    }

    func security(of file: DeploymentFile) -> SecurityChoice? { security.choice(over: file.security) }

    /// The transport of the command line, or else of the file; nil for the usual one.
    func transport(of file: DeploymentFile) throws -> TransportChoice? {
        try transport.map { try TransportChoice(text: $0, option: "--transport") } ?? file.transport
    }
}
