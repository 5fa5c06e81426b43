import Foundation

/// What nodes ask each other to find out how far apart they are, whoever leads. Every answer names its question.
///
/// A `probe` may carry a payload of any size; `echo` answers it at once, without. `measure` asks a node for what joins it and
/// another one; it answers with `measured`.
enum ProbeMessage {
    static let probe = "probe"
    static let echo = "echo"
    static let measure = "measure"
    static let measured = "measured"

    static let kinds = [probe, echo, measure, measured]

    /// The body of `probe`, and part of all others.
    struct Question: Codable {
        let question: UUID
    }

    /// Times are those of the node that answers.
    struct Echo: Codable {
        let question: UUID
        let arrived: Int64
        let answered: Int64
        /// Seconds since 1970.
        var timeOfDay: Double?
    }

    struct Measure: Codable {
        let question: UUID
        let peer: PeerID
        /// Where the peer listens, if that is known.
        let address: String?
        /// Whether it is enough to know that the peer answers.
        var isBrief: Bool?
    }

    struct Measured: Codable {
        let question: UUID
        /// Seconds, and bytes a second; nil if there is a failure instead.
        var latency: Double?
        var bandwidth: Double?
        var failure: String?
    }
}
