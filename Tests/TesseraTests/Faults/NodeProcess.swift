import Foundation
import Synchronization
import Tessera
import TesseraTestSupport

/// A `tessera node` in a process of its own, which a test may kill, stop and start again where it was. It ends with the tests.
final class NodeProcess: Sendable {
    private struct Running {
        let process: Process
        /// The node watches its other end.
        let input: Pipe
    }

    let name: String
    /// `host:port`, the same each time it is started.
    let address: String
    private let running: Mutex<Running>

    init(_ name: String) throws {
        self.name = name
        let (first, address) = try Self.start(name, listen: "127.0.0.1:0")
        self.address = address
        running = Mutex(first)
    }

    func signal(_ signal: Int32) { _ = running.withLock { kill($0.process.processIdentifier, signal) } }

    /// Starts it again after it was killed.
    func restart() throws {
        running.withLock { $0.process.waitUntilExit() }
        let (next, _) = try Self.start(name, listen: address)
        running.withLock { $0 = next }
    }

    func end() {
        signal(SIGKILL)
        running.withLock { $0.process.waitUntilExit() }
    }

    private static func start(_ name: String, listen: String) throws -> (Running, address: String) {
        let (process, input, output) = (Process(), Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: TestFiles.executable)
        process.arguments = [
            "node", "--name", name, "--listen", listen, "--threads", "1", "--json", "--until-input-ends",
        ]
        (process.standardInput, process.standardOutput) = (input, output)
        try process.run()
        var line = Data()
        while !line.contains(UInt8(ascii: "\n")) {
            let bytes = output.fileHandleForReading.availableData
            guard !bytes.isEmpty else { throw TesseraError(.nodeFailure, "node '\(name)' did not start at \(listen)") }
            line += bytes
        }
        return (
            Running(process: process, input: input), try JSONDecoder().decode(NodeAnnouncement.self, from: line).address
        )
    }
}
