import Foundation
import TesseraCore

/// Node processes on this host. Each ends when it is stopped or when this process ends, however that comes about: they
/// watch their standard input, whose other end is here.
///
/// `@unchecked Sendable`: everything is set in the initializer; `Process` and `Pipe` are only asked to stop afterwards.
public final class SpawnedNodes: @unchecked Sendable {
    public let addresses: [String]
    private let processes: [Process]
    /// What a process may take until it listens.
    private static let startTime = Duration.seconds(20)
    private let inputs: [Pipe]

    /// Starts the processes and waits until each tells the address it listens on.
    ///
    /// - Throws: `nodeFailure` if one cannot be started or ends instead.
    ///
    /// - Parameter arguments: more of them, for each.
    init(names: [String], executable: String, threads: Int, arguments: [String]) throws {
        var started: [(process: Process, input: Pipe, output: Pipe)] = []
        func stopAll() { Self.end(started.map(\.process)) }
        do {
            for name in names {
                let (process, input, output) = (Process(), Pipe(), Pipe())
                process.executableURL = URL(fileURLWithPath: executable)
                process.arguments =
                    [
                        "node", "--name", name, "--listen", "127.0.0.1:0", "--threads", String(threads), "--json",
                        "--until-input-ends",
                    ] + arguments
                (process.standardInput, process.standardOutput) = (input, output)
                try process.run()
                started.append((process, input, output))
            }
            addresses = try zip(names, started).map { name, node in
                guard let line = node.output.fileHandleForReading.readLine(within: Self.startTime),
                    let announcement = try? JSONDecoder().decode(NodeAnnouncement.self, from: Data(line.utf8))
                else {
                    throw TesseraError(.nodeFailure, "node process '\(name)' did not say where it listens")
                }
                return announcement.address
            }
        } catch let error as TesseraError {
            stopAll()
            throw error
        } catch {
            stopAll()
            throw TesseraError(.nodeFailure, "cannot start '\(executable) node'", cause: error)
        }
        processes = started.map(\.process)
        inputs = started.map(\.input)
    }

    var identifiers: [Int32] { processes.map(\.processIdentifier) }

    /// Ends the processes and waits for that.
    func stop() {
        for input in inputs { try? input.fileHandleForWriting.close() }
        Self.end(processes)
    }

    /// Asks the processes to end, and after two seconds makes those end that did not, a stopped one for instance.
    private static func end(_ processes: [Process]) {
        for process in processes where process.isRunning { process.terminate() }
        let deadline = ContinuousClock.now + .seconds(2)
        while processes.contains(where: \.isRunning), ContinuousClock.now < deadline { usleep(5000) }
        for process in processes where process.isRunning { kill(process.processIdentifier, SIGKILL) }
        for process in processes { process.waitUntilExit() }
    }
}

/// What a node process prints, as JSON on one line, when it is ready.
public struct NodeAnnouncement: Codable, Sendable {
    public let node: String
    /// `host:port`.
    public let address: String
    /// Where it answers `GET /metrics`, `host:port`; nil if nowhere.
    public let metrics: String?

    public init(node: String, address: String, metrics: String? = nil) {
        self.node = node
        self.address = address
        self.metrics = metrics
    }
}

extension FileHandle {
    /// Bytes up to a newline, as text; nil if the file ends first, the line is too long, or time runs out.
    fileprivate func readLine(within time: Duration) -> String? {
        let deadline = ContinuousClock.now + time
        var bytes: [UInt8] = []
        while bytes.count < 4096 {
            let left = (deadline - ContinuousClock.now).components
            var state = pollfd(fd: fileDescriptor, events: Int16(POLLIN), revents: 0)
            guard left.seconds >= 0, poll(&state, 1, Int32(left.seconds) * 1000 + 1) > 0,
                let byte = try? read(upToCount: 1)?.first
            else { return nil }
            if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(byte)
        }
        return nil
    }
}
