import Foundation

/// What nodes say to each other to find out how far apart they are, whoever leads.
///
/// A `probe` may carry a payload of any size; `echo` answers it at once, without.
enum ProbeMessage {
    static let probe = "probe"
    static let echo = "echo"

    struct Probe: Codable {
        let probe: UUID
    }

    /// Times are those of the node that answers.
    struct Echo: Codable {
        let probe: UUID
        let arrived: Int64
        let answered: Int64
    }
}
