import Tessera

/// A cluster with a member called `node`.
public struct ClusterFolder: Sendable {
    /// The folder of the member's certificates.
    public let member: String

    public init(_ folder: TemporaryFolder) throws {
        let authority = try ClusterAuthority.create(in: folder.file("cluster"), cluster: "hostile", member: "laptop")
        member = try authority.add("node").path
    }
}
