/// What one check of a set-up found.
public struct Finding: Sendable, Encodable {
    public enum Status: String, Sendable, Encodable {
        case ok
        /// It works, but not as well as it could, or not for long.
        case warning
        /// It does not work.
        case error
    }

    /// What was looked at: `certificates`, `multicast`.
    public let check: String
    public let status: Status
    public let message: String
    /// What to do about it; nil if nothing is to be done.
    public let remedy: String?

    static func ok(_ check: String, _ message: String) -> Finding {
        Finding(check: check, status: .ok, message: message, remedy: nil)
    }

    /// Something that works, but not as well as it could, and what to do about it.
    public static func warning(_ check: String, _ message: String, remedy: String) -> Finding {
        Finding(check: check, status: .warning, message: message, remedy: remedy)
    }

    /// Something that does not work, and what to do about it.
    public static func error(_ check: String, _ message: String, remedy: String) -> Finding {
        Finding(check: check, status: .error, message: message, remedy: remedy)
    }
}
