import Foundation
import Synchronization
import Tessera

/// A `tessera node` in a process of its own, which a test may kill, stop and start again where it was. It ends with whoever refers
/// to it, or with the tests.
public final class NodeProcess: Sendable {
    private struct Running {
        let process: Process
        /// The node watches its other end.
        let input: Pipe
    }

    /// `host:port`, the same each time it is started.
    public let address: String
    /// Where it answered `GET /metrics` when it was first started; nil if nowhere.
    public let metrics: String?
    private let options: [String]
    private let running: Mutex<Running>

    /// - Parameters:
    ///   - name: nil for the one that its certificate says.
    ///   - options: others of `tessera node`.
    public init(name: String? = nil, _ options: String..., listen: String = "127.0.0.1:0") throws {
        self.options = (name.map { ["--name", $0] } ?? []) + options
        let (first, announcement) = try Self.start(self.options, listen: listen)
        (address, metrics) = (announcement.address, announcement.metrics)
        running = Mutex(first)
    }

    /// A node with a file, which says where it listens.
    public init(file: String) throws {
        options = [file]
        let (first, announcement) = try Self.start(options, listen: nil)
        (address, metrics) = (announcement.address, announcement.metrics)
        running = Mutex(first)
    }

    deinit { end() }

    public func signal(_ signal: Int32) {
        // Once it has ended, its number may be another process's.
        running.withLock { if $0.process.isRunning { kill($0.process.processIdentifier, signal) } }
    }

    /// Starts it again after it was killed.
    public func restart() throws {
        running.withLock { $0.process.waitUntilExit() }
        let (next, _) = try Self.start(options, listen: address)
        running.withLock { $0 = next }
    }

    public func end() {
        signal(SIGKILL)
        running.withLock { $0.process.waitUntilExit() }
    }

    /// Asks it to stop and gives its exit status.
    public func stop() -> Int32 {
        signal(SIGTERM)
        return running.withLock {
            $0.process.waitUntilExit()
            return $0.process.terminationStatus
        }
    }

    private static func start(_ options: [String], listen: String?) throws -> (Running, NodeAnnouncement) {
        let (process, input, output) = (Process(), Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: TestFiles.executable)
        process.arguments =
            ["node", "--json", "--until-input-ends"] + (listen.map { ["--listen", $0] } ?? []) + options
        (process.standardInput, process.standardOutput) = (input, output)
        try process.run()
        var line = Data()
        while !line.contains(UInt8(ascii: "\n")) {
            let bytes = output.fileHandleForReading.availableData
            guard !bytes.isEmpty else { throw TesseraError(.nodeFailure, "no node started: \(options)") }
            line += bytes
        }
        return (Running(process: process, input: input), try JSONDecoder().decode(NodeAnnouncement.self, from: line))
    }
}
