import Foundation
import Tessera

/// The line between a process that tries a plugin, which has it as its standard input, and the one that started it.
///
/// The first says on it how far it came, since its status alone may be the plugin's doing. And it ends with the other, however that
/// ends.
struct TrialLine: Sendable {
    /// The word that only the end of a trial says.
    private static let end = "\0"

    let descriptor: Int32

    /// Both ends, of which no other process gets either by chance.
    ///
    /// - Throws: `inputOutput` if the system gives none.
    static func pair() throws -> (TrialLine, TrialLine) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
            throw TesseraError(.inputOutput, "cannot make a pair of sockets: \(String(cString: strerror(errno)))")
        }
        return (TrialLine(descriptor: ends[0]), TrialLine(descriptor: ends[1]))
    }

    /// In the process that tries: takes the line from standard input, which is empty from then on.
    ///
    /// - Returns: nil if the process was started by hand.
    static func standardInput() -> TrialLine? {
        var kind = stat()
        guard fstat(STDIN_FILENO, &kind) == 0, kind.st_mode & S_IFMT == S_IFSOCK else { return nil }
        let line = TrialLine(descriptor: dup(STDIN_FILENO))
        _ = fcntl(line.descriptor, F_SETFD, FD_CLOEXEC)
        let nothing = open("/dev/null", O_RDONLY)
        dup2(nothing, STDIN_FILENO)
        Foundation.close(nothing)
        Thread.detachNewThread { line.endWithTheOther() }
        return line
    }

    private func endWithTheOther() {
        var byte: UInt8 = 0
        var count = 1
        while count > 0 || (count < 0 && errno == EINTR) { count = read(descriptor, &byte, 1) }
        _exit(1)
    }

    /// Says what is done next.
    func say(_ step: String) {
        let bytes = Array((step + "\n").utf8)
        // Nobody hears it who is gone, and then this process ends, too.
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Says that the trial has come to its end.
    func finish() { say(Self.end) }

    /// Takes what the other process says, and waits for that a while.
    ///
    /// - Returns: false once nothing more can come.
    func listen(into said: inout [UInt8], atMost seconds: Double) -> Bool {
        var ready = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&ready, 1, Int32(max(0, seconds) * 1000)) > 0 else { return true }
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &piece, piece.count, Int32(MSG_DONTWAIT))
            guard count > 0 else { return count < 0 && errno == EAGAIN }
            said += piece[..<count]
        }
    }

    /// What a process said.
    ///
    /// - Returns: what it did last, nil if it did not say; and whether it came to its end.
    static func progress(_ said: [UInt8]) -> (step: String?, isDone: Bool) {
        let words = String(decoding: said, as: UTF8.self).split(separator: "\n").map(String.init)
        return (words.last { $0 != end }, words.last == end)
    }

    func close() { _ = Foundation.close(descriptor) }
}
