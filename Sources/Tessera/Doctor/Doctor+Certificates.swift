import Foundation
import TesseraCore
import TesseraSecurity

extension Doctor {
    /// Days before its end from which on a certificate is worth a warning.
    private static let expiryWarning = 30.0

    func certificates() -> [Finding] {
        guard let security = setup.security else {
            return [.ok("certificates", "none, so only loopback addresses can be used")]
        }
        let folder = CertificateFolder(security.certificates)
        var findings = [folder.key, folder.path + "/ca.key"].compactMap(secrecy)
        let member: ClusterMember
        do { member = try folder.member() } catch {
            return findings + [
                .error(
                    "certificates", "\(error)",
                    remedy:
                        "have the cluster's host make new ones: 'tessera cluster add NAME -o FOLDER', and copy the folder here"
                )
            ]
        }
        if let name = setup.name, !ClusterMember.mayCallItself(name, holding: member.name) {
            findings.append(
                .error(
                    "certificates", "expected a certificate for '\(name)', found one for '\(member.name)'",
                    remedy: "leave 'name' out, or make a certificate: 'tessera cluster add \(name)'"))
        }
        let days = member.expiry.timeIntervalSinceNow / 86_400
        let date = member.expiry.ISO8601Format()
        let left = Int(days) == 1 ? "1 day" : "\(Int(days)) days"
        if days < Self.expiryWarning {
            findings.append(
                .warning(
                    "certificates", "the certificate of '\(member.name)' ends in \(left), on \(date)",
                    remedy: "make another one: 'tessera cluster add \(member.name) -o FOLDER'"))
        } else {
            findings.append(.ok("certificates", "'\(member.name)' until \(date)"))
        }
        return findings
    }

    /// A key that others may read is none.
    private func secrecy(of path: String) -> Finding? {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        guard let mode = (attributes?[.posixPermissions] as? NSNumber)?.intValue, mode & 0o077 != 0 else { return nil }
        return .error(
            "certificates", "'\(path)' has the mode \(String(mode, radix: 8)), so others can read or change it",
            remedy: "'chmod 600 \(path)', and a new certificate if somebody may have read it")
    }
}
