import Foundation

/// Runs the built `tessera` command as a user does.
public struct Command {
    public let status: Int32
    public let output: String
    public let errors: String

    /// - Parameters:
    ///   - environment: variables in addition to those of the tests.
    ///   - input: what it reads; nil for nothing.
    public init(_ arguments: String..., environment: [String: String] = [:], input: String? = nil) throws {
        try self.init(arguments, environment: environment, input: input)
    }

    public init(_ arguments: [String], environment: [String: String] = [:], input: String? = nil) throws {
        let folder = try TemporaryFolder()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: TestFiles.executable)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        // Files, since nobody reads two pipes at once.
        process.standardOutput = FileHandle(forWritingAtPath: try folder.write("", to: "out"))
        process.standardError = FileHandle(forWritingAtPath: try folder.write("", to: "err"))
        process.standardInput = try FileHandle(forReadingAtPath: folder.write(input ?? "", to: "in"))
        try process.run()
        process.waitUntilExit()
        status = process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
        output = try String(contentsOfFile: folder.file("out"), encoding: .utf8)
        errors = try String(contentsOfFile: folder.file("err"), encoding: .utf8)
    }

    /// What the command printed, as one JSON object.
    public func json() throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any] ?? [:]
    }
}
