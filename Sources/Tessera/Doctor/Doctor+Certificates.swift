import Foundation
import TesseraCore
import TesseraSecurity

extension Doctor {
    func certificates() -> [Finding] {
        guard let security = setup.security else {
            return [.ok("certificates", "none, so only loopback addresses can be used")]
        }
        let folder = CertificateFolder(security.certificates)
        var findings = folder.exposedKeys.map { path, mode in
            Finding.error(
                "certificates", "'\(path)' has the mode \(mode), so others can read or change it",
                remedy: "'chmod 600 \(path)', and a new certificate if somebody may have read it")
        }
        let member: ClusterMember
        do { member = try folder.member() } catch {
            return findings + [
                .error("certificates", "\(error)", remedy: remedy(for: folder))
            ]
        }
        if let name = setup.name, !ClusterMember.mayCallItself(name, holding: member.name) {
            findings.append(
                .error(
                    "certificates", "expected a certificate for '\(name)', found one for '\(member.name)'",
                    remedy: "leave 'name' out, or make a certificate: 'tessera cluster add \(name)'"))
        }
        if let notice = member.expiryNotice() {
            findings.append(
                .warning(
                    "certificates", notice,
                    remedy: "have the cluster's host make another one: 'tessera cluster add \(member.name) -o FOLDER'"))
        } else {
            findings.append(.ok("certificates", "'\(member.name)' until \(member.expiry.ISO8601Format())"))
        }
        return findings
    }

    /// What to do about a folder that cannot be used.
    private func remedy(for folder: CertificateFolder) -> String {
        let renewal = "'tessera cluster add NAME -o FOLDER' on the cluster's host"
        do {
            guard try folder.withdrawal() == nil else {
                return "if the member is to come back, have another certificate made: \(renewal)"
            }
        } catch {
            if let error = error as? TesseraError, error.message.contains("'\(folder.revocations)'") {
                return error.code == .inputOutput
                    ? "let this user read the file" : "copy the file 'revoked' of another member over it"
            }
        }
        return "have new ones made: \(renewal), and copy the folder here"
    }
}
