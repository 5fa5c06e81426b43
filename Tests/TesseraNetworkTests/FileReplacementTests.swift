import Foundation
import TesseraCore
import TesseraTestSupport
import Testing

@testable import TesseraNetwork

@Suite struct FileReplacementTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func text(_ name: String) throws -> String {
        try String(contentsOfFile: folder.file(name), encoding: .utf8)
    }

    @Test func aFailureKeepsTheOldFileAndLeavesNothing() throws {
        let path = try folder.write("old", to: "a")
        expectError(.invalidArgument, "stop") {
            try replaceFile(at: path) { writer in
                try writer.write("half of the new")
                throw TesseraError(.invalidArgument, "stop")
            }
        }
        #expect(try text("a") == "old")
        #expect(try folder.contents == ["a"])
    }

    @Test func aLinkKeepsPointing() throws {
        _ = try folder.write("old", to: "a")
        try FileManager.default.createSymbolicLink(atPath: folder.file("link"), withDestinationPath: "a")
        try replaceFile(at: folder.file("link")) { try $0.write("new") }
        #expect(try text("a") == "new")
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: folder.file("link")) == "a")
    }

    @Test func theModeOfTheOldFileStays() throws {
        let path = try folder.write("old", to: "a")
        #expect(chmod(path, 0o600) == 0)
        try replaceFile(at: path) { try $0.write("new") }
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    @Test func aDeviceStaysADevice() throws {
        try replaceFile(at: "/dev/null") { try $0.write("gone") }
        var status = stat()
        #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
    }

    @Test("A pipe is waited for neither to be written nor to be read", .timeLimit(.minutes(1)))
    func pipe() throws {
        let path = folder.file("pipe")
        #expect(mkfifo(path, 0o600) == 0)
        expectError(.inputOutput, "cannot read '\(path)': it is no regular file") { _ = try MappedFile(path: path) }
        expectError(.inputOutput, "cannot write '\(path)'") { try replaceFile(at: path) { try $0.write("x") } }
        let reader = open(path, O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        try replaceFile(at: path) { try $0.write("text") }
        var bytes = [UInt8](repeating: 0, count: 10)
        #expect(read(reader, &bytes, bytes.count) == 4 && bytes.starts(with: Array("text".utf8)))
        expectError(.limitExceeded, "longer than the time") {
            try Deadline.hold(until: .now + .milliseconds(100)) {
                try replaceFile(at: path) { try $0.write(String(repeating: "x", count: 1 << 22)) }
            }
        }
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full"), "needs /dev/full"))
    func aFullDiskIsOneError() {
        expectError(.inputOutput, "cannot write '/dev/full': No space left on device") {
            try replaceFile(at: "/dev/full") { try $0.write("more") }
        }
    }

    @Test func whatCannotBeWrittenIsOneErrorThatNamesThePath() {
        expectError(.inputOutput, folder.file("none/a"), "No such file") {
            try replaceFile(at: folder.file("none/a")) { try $0.write("x") }
        }
        expectError(.inputOutput, "is a directory") { try replaceFile(at: folder.path) { try $0.write("x") } }
    }
}
