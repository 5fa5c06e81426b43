import Foundation
import TesseraCore

/// Node processes on this host. Each ends when it is stopped or when this process ends, however that comes about: they
/// watch their standard input, whose other end is here.
///
/// `@unchecked Sendable`: everything is set in the initializer; `Process` and `Pipe` are only asked to stop afterwards.
public final class SpawnedNodes: @unchecked Sendable {
    public let addresses: [String]
    private let processes: [Process]
    private let inputs: [Pipe]

    /// Starts the processes and waits until each tells the address it listens on.
    ///
    /// - Throws: `nodeFailure` if one cannot be started or ends instead.
    init(names: [String], executable: String, threads: Int) throws {
        var started: [(process: Process, input: Pipe, output: Pipe)] = []
        func stopAll() {
            for node in started where node.process.isRunning { node.process.terminate() }
        }
        do {
            for name in names {
                let (process, input, output) = (Process(), Pipe(), Pipe())
                process.executableURL = URL(fileURLWithPath: executable)
                process.arguments = [
                    "node", "--name", name, "--listen", "127.0.0.1:0", "--threads", String(threads), "--json",
                    "--until-input-ends",
                ]
                (process.standardInput, process.standardOutput) = (input, output)
                try process.run()
                started.append((process, input, output))
            }
            addresses = try zip(names, started).map { name, node in
                guard let line = node.output.fileHandleForReading.readLine(),
                    let announcement = try? JSONDecoder().decode(NodeAnnouncement.self, from: Data(line.utf8))
                else {
                    throw TesseraError(.nodeFailure, "node process '\(name)' ended before it listened")
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
        for process in processes {
            if process.isRunning { process.terminate() }
            process.waitUntilExit()
        }
    }
}

/// What a node process prints, as JSON on one line, when it is ready.
public struct NodeAnnouncement: Codable, Sendable {
    public let node: String
    /// `host:port`.
    public let address: String

    public init(node: String, address: String) {
        self.node = node
        self.address = address
    }
}

extension FileHandle {
    /// Bytes up to a newline, as text; nil at the end of the file.
    fileprivate func readLine() -> String? {
        var bytes: [UInt8] = []
        while let byte = try? read(upToCount: 1)?.first {
            if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(byte)
        }
        return nil
    }
}
