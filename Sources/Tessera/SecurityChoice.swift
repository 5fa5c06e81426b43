import TesseraCore
import TesseraSecurity

/// How a member of a cluster is known to the others.
public struct SecurityChoice: Configurable, ConfigurationValue, Equatable {
    /// The member's folder: `ca.pem`, `node.pem` and `node.key`.
    public var certificates = ""

    public init() {}
    public init(certificates: String) { self.certificates = certificates }

    public static let typeDescription = "a map with the folder of certificates"

    public static let keys: [Key<SecurityChoice>] = [
        Key(required: "certificates", \.certificates, "the folder with this member's certificates")
    ]

    /// The same with another path.
    public func resolved(_ resolve: (String) -> String) -> SecurityChoice {
        SecurityChoice(certificates: resolve(certificates))
    }

    /// Who this member is.
    ///
    /// - Throws: `inputOutput` or `invalidArgument` with the path of the file that cannot be used.
    public func member() throws -> ClusterMember { try CertificateFolder(certificates).member() }
}
