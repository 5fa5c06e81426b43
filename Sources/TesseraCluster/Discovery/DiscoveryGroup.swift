import Foundation
import TesseraCore

/// An IPv4 multicast address and a port, `239.77.0.2:6003`.
struct DiscoveryGroup: Sendable {
    let address: in_addr
    let port: UInt16

    /// - Throws: `invalidArgument`.
    init(_ text: String) throws {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var address = in_addr()
        guard parts.count == 2, let port = UInt16(parts[1]), port > 0,
            inet_pton(AF_INET, String(parts[0]), &address) == 1,
            withUnsafeBytes(of: address, { (224..<240).contains($0[0]) })
        else {
            throw TesseraError(
                .invalidArgument,
                "expected 'group' as an IPv4 multicast address and a port, such as 239.77.0.2:6003, found '\(text)'")
        }
        (self.address, self.port) = (address, port)
    }

    var socketAddress: sockaddr_in {
        var result = sockaddr_in()
        result.sin_family = sa_family_t(AF_INET)
        result.sin_port = port.bigEndian
        result.sin_addr = address
        return result
    }
}
