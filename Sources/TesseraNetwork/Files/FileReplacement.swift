import Foundation
import TesseraCore

/// Writes a file so that the path holds either all of the new content or what it held before.
///
/// The content goes to a new file beside it, which takes the path's place once it is complete and on the disk. If
/// anything fails, the new file is removed. A path that is a device or a pipe is written directly; a pipe must have a reader, and
/// one that does not keep up is waited for until the deadline.
///
/// - Throws: `inputOutput` if writing fails, `limitExceeded` if a pipe's reader takes too long, and what `body` throws.
package func replaceFile(at path: String, with body: (borrowing FileWriter) throws -> Void) throws {
    var status = stat()
    let exists = stat(path, &status) == 0
    if exists, status.st_mode & S_IFMT == S_IFDIR {
        throw TesseraError(.inputOutput, "cannot write '\(path)': it is a directory")
    }
    if exists, status.st_mode & S_IFMT != S_IFREG {
        let writer = try FileWriter(path: path, reportingAs: path, flags: O_WRONLY | O_NONBLOCK)
        return try body(writer)
    }
    // A symbolic link keeps pointing where it points: the file behind it is what is replaced.
    let target = exists ? try resolvingLinks(path) : path
    let temporary = PathComponents(target).folder + ".tessera-\(UInt64.random(in: 0 ... .max))"
    do {
        let writer = try FileWriter(path: temporary, reportingAs: path, flags: O_WRONLY | O_CREAT | O_EXCL)
        if exists { try writer.setMode(status.st_mode & 0o7777) }
        try body(writer)
        try writer.synchronize()
        guard rename(temporary, target) == 0 else { throw systemError("cannot write '\(path)'") }
    } catch {
        unlink(temporary)
        throw error
    }
}

private func resolvingLinks(_ path: String) throws -> String {
    guard let resolved = realpath(path, nil) else { throw systemError("cannot write '\(path)'") }
    defer { free(resolved) }
    return String(cString: resolved)
}

/// An open file that takes bytes one after another.
package struct FileWriter: ~Copyable {
    private let descriptor: Int32
    private let path: String

    /// - Parameter reportingAs: the path that error messages name.
    fileprivate init(path: String, reportingAs shown: String, flags: Int32) throws {
        descriptor = open(path, flags | O_CLOEXEC, 0o666)
        self.path = shown
        guard descriptor >= 0 else { throw systemError("cannot write '\(shown)'") }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    package func write(_ bytes: UnsafeRawBufferPointer) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let chunk = UnsafeRawBufferPointer(rebasing: rest)
            let count = Foundation.write(descriptor, chunk.baseAddress, chunk.count)
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0, errno == EAGAIN {
                try waitForReader()
            } else if count == 0 || errno != EINTR {
                throw systemError("cannot write '\(path)'")
            }
        }
    }

    private func waitForReader() throws {
        var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        while poll(&request, 1, 50) == 0 { try Deadline.check() }
    }

    package func write(_ bytes: [UInt8]) throws { try bytes.withUnsafeBytes { try write($0) } }

    package func write(_ text: String) throws { try Array(text.utf8).withUnsafeBytes { try write($0) } }

    package func write(_ tensor: Tensor) throws { try tensor.withUnsafeBytes { try write($0) } }

    fileprivate func setMode(_ mode: mode_t) throws {
        guard fchmod(descriptor, mode) == 0 else { throw systemError("cannot write '\(path)'") }
    }

    fileprivate func synchronize() throws {
        guard fsync(descriptor) == 0 else { throw systemError("cannot write '\(path)'") }
    }
}

/// The bytes of a file; nil if there is none.
public func fileByteCount(_ path: String) -> Int? {
    (try? FileManager.default.attributesOfItem(atPath: path)[.size]) as? Int
}

/// Writes text to a file, all of it or nothing.
///
/// - Throws: `inputOutput` if writing fails; the path then holds what it held before.
public func writeFile(_ text: String, to path: String) throws {
    try replaceFile(at: path) { try $0.write(text) }
}
