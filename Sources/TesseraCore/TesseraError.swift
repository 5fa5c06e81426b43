/// The one error that Tessera throws: what went wrong, where, what was expected and what was found.
///
/// `message` states the expectation and the finding in one sentence. `path` names the layer or option that is concerned
/// (`layer2.0.conv1`), `location` the place in a file the user wrote, and `cause` the error underneath, if any.
public struct TesseraError: Error, Sendable {
    /// The kinds of failure a program may want to tell apart.
    public enum Code: String, Sendable, CaseIterable {
        /// A value, option or configuration that cannot be accepted.
        case invalidArgument = "invalid-argument"
        /// A shape that does not fit, or cannot be inferred.
        case shapeMismatch = "shape-mismatch"
        /// A name that nothing answers to.
        case notFound = "not-found"
        /// Something that exists but is not implemented by the part that was asked.
        case notSupported = "not-supported"
        /// A file whose content is not what its format demands.
        case malformedFile = "malformed-file"
        /// Reading, writing or a system call failed.
        case inputOutput = "input-output"
        /// A tensor or buffer larger than can be had.
        case outOfMemory = "out-of-memory"
        /// A kernel library reported a failure.
        case backendFailure = "backend-failure"
        /// A node was lost, or answered with an error.
        case nodeFailure = "node-failure"
        /// A message that breaks the wire protocol.
        case protocolViolation = "protocol-violation"
        /// A script failed.
        case scriptFailure = "script-failure"
        /// A time, memory or instruction limit was reached.
        case limitExceeded = "limit-exceeded"
    }

    public var code: Code
    public var message: String
    public var path: String?
    public var location: SourceLocation?
    public var cause: (any Error)?
    /// The calls of a script that led there, innermost first; empty where `location` says it all. The description leaves them out.
    public var traceback: [String] = []

    public init(
        _ code: Code, _ message: String, path: String? = nil, location: SourceLocation? = nil,
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.path = path
        self.location = location
        self.cause = cause
    }

    /// The same error with `path` and `location` filled in where it has none yet.
    public func located(path: String? = nil, location: SourceLocation? = nil) -> TesseraError {
        var error = self
        error.path = error.path ?? path
        error.location = error.location ?? location
        return error
    }

    /// The same error within `outer`, which goes before its own path.
    func within(_ outer: String) -> TesseraError {
        var error = self
        error.path = path.map { "\(outer): \($0)" } ?? outer
        return error
    }
}

extension TesseraError: CustomStringConvertible {
    /// `file:line:column: path: message (cause)`, without the column where it is not known. A cause that the message quotes already is not repeated.
    public var description: String {
        var text = ""
        if let location { text += "\(location): " }
        if let path { text += "\(path): " }
        text += message
        if let cause, !message.contains("\(cause)") { text += " (\(cause))" }
        return text
    }
}

/// A place in a file that a user wrote. Lines and columns count from 1; the column is nil where only the line is known.
public struct SourceLocation: Sendable, Hashable, CustomStringConvertible {
    public var file: String
    public var line: Int
    public var column: Int?

    public init(file: String, line: Int, column: Int? = nil) {
        self.file = file
        self.line = line
        self.column = column
    }

    public var description: String { "\(file):\(line)" + (column.map { ":\($0)" } ?? "") }
}

/// Runs `body` and adds where it happened to a `TesseraError` that does not say so itself.
public func locatingErrors<Result>(
    path: @autoclosure () -> String? = nil, at location: SourceLocation? = nil, _ body: () throws -> Result
) throws -> Result {
    do {
        return try body()
    } catch let error as TesseraError {
        throw error.located(path: path(), location: location)
    }
}

/// Runs `body` and says of a `TesseraError` that it happened within `outer`, also if it says where itself: `plan: option 'devices': speed`.
public func locatingErrors<Result>(within outer: @autoclosure () -> String, _ body: () throws -> Result) throws
    -> Result
{
    do {
        return try body()
    } catch let error as TesseraError {
        throw error.within(outer())
    }
}
