import Foundation
import TesseraCore

/// Where a group of receivers listens: an IPv4 multicast address and a port, `239.77.0.1:6003`.
package struct MulticastGroup: Equatable, Sendable, CustomStringConvertible {
    package let address: String
    package let port: UInt16

    /// - Throws: `invalidArgument` for what is no address with a port, or no multicast address.
    package init(_ text: String) throws {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var address = in_addr()
        guard parts.count == 2, let port = UInt16(parts[1]), port > 0,
            inet_pton(AF_INET, String(parts[0]), &address) == 1
        else {
            throw TesseraError(
                .invalidArgument,
                "expected 'group' as an IPv4 multicast address and a port, such as 239.77.0.1:6003, found '\(text)'")
        }
        guard withUnsafeBytes(of: address, { (224..<240).contains($0[0]) }) else {
            throw TesseraError(
                .invalidArgument,
                "expected 'group' to be a multicast address, from 224.0.0.0 to 239.255.255.255, found '\(text)'")
        }
        self.address = String(parts[0])
        self.port = port
    }

    package var description: String { "\(address):\(port)" }

    package var socketAddress: sockaddr_in {
        var result = sockaddr_in()
        result.sin_family = sa_family_t(AF_INET)
        result.sin_port = port.bigEndian
        inet_pton(AF_INET, address, &result.sin_addr)
        return result
    }
}
