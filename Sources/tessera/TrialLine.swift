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
        while read(descriptor, &byte, 1) != 0 {}
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

    /// What the process that has ended said.
    ///
    /// - Returns: what it did last, nil if it did not say; and whether it came to its end.
    func progress() -> (step: String?, isDone: Bool) {
        var said: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &piece, piece.count, Int32(MSG_DONTWAIT))
            guard count > 0 else { break }
            said += piece[..<count]
        }
        let words = String(decoding: said, as: UTF8.self).split(separator: "\n").map(String.init)
        return (words.last { $0 != Self.end }, words.last == Self.end)
    }

    func close() { _ = Foundation.close(descriptor) }
}
