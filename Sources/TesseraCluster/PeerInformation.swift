import Foundation
import TesseraCore

/// What a peer tells about itself when it meets another: the body of the handshake.
public struct PeerInformation: Sendable, Codable, Equatable {
    public var peer: PeerID
    /// Tells two runs of a program apart that call themselves by the same name.
    public var instance: UUID
    /// The version of the wire protocol. Peers of different versions do not talk.
    public var wireVersion: UInt32
    /// The version of the program. Peers of different builds do not talk either.
    public var build: String
    /// Processor cores the peer may use.
    public var cores: Int
    /// The best instruction set its kernels use, in the kernel library's words: "avx2", "avx512_core_amx".
    public var instructionSet: String
    /// Whatever else peers of one version want to know of each other.
    public var capabilities: [String: String]

    public init(
        peer: PeerID, build: String = Build.version, cores: Int = ProcessInfo.processInfo.activeProcessorCount,
        instructionSet: String = "", capabilities: [String: String] = [:]
    ) {
        self.peer = peer
        instance = UUID()
        wireVersion = WireFormat.version
        self.build = build
        self.cores = cores
        self.instructionSet = instructionSet
        self.capabilities = capabilities
    }

    /// Checks what another peer sent.
    ///
    /// - Throws: `invalidArgument` for a name or a build that cannot be used or a number of cores below 1.
    public func validate() throws {
        try peer.validate()
        guard build.utf8.count <= 64, build.unicodeScalars.allSatisfy({ (0x20..<0x7F).contains($0.value) }) else {
            throw TesseraError(
                .invalidArgument, "expected the build of peer '\(peer)' in at most 64 characters of ASCII")
        }
        guard cores >= 1 else {
            throw TesseraError(.invalidArgument, "expected peer '\(peer)' to have at least 1 core, found \(cores)")
        }
    }

    /// Checks that another peer speaks the same protocol and is of the same build.
    ///
    /// - Throws: `protocolViolation` that names what both have.
    public func requireSameBuild(as other: PeerInformation) throws {
        for (what, own, found) in [
            ("wire version", "\(wireVersion)", "\(other.wireVersion)"), ("build", build, other.build),
        ] where own != found {
            throw TesseraError(
                .protocolViolation,
                "expected \(what) \(own) as '\(peer)' has, found \(found) from '\(other.peer)'")
        }
    }
}
