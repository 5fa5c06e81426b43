import Foundation
import TesseraCore

/// What a peer tells about itself when it meets another: the body of the handshake.
public struct PeerInformation: Sendable, Codable, Equatable {
    public var peer: PeerID
    /// Tells two runs of a program apart that call themselves by the same name.
    public var instance: UUID
    /// The version of the wire protocol. Peers of different versions do not talk.
    public var wireVersion: UInt32
    /// The version of the program, for people.
    public var build: String
    /// Processor cores the peer may use.
    public var cores: Int
    /// The best instruction set its kernels use, in the kernel library's words: "avx2", "avx512_core_amx".
    public var instructionSet: String
    /// Whatever else peers of one version want to know of each other.
    public var capabilities: [String: String]

    public init(
        peer: PeerID, build: String = "", cores: Int = ProcessInfo.processInfo.activeProcessorCount,
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
    /// - Throws: `invalidArgument` for a name that cannot be used or a number of cores below 1.
    public func validate() throws {
        try peer.validate()
        guard cores >= 1 else {
            throw TesseraError(.invalidArgument, "expected peer '\(peer)' to have at least 1 core, found \(cores)")
        }
    }
}
