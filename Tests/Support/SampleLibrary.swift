import Foundation
import Synchronization
import TesseraCore

/// Libraries that tests build with the compilers of this host, and the header alone.
public enum SampleLibrary {
    /// The folder of the header.
    public static let include = TestFiles.repository.path + "/Sources/CTesseraPlugin/include"
    private static let folder = Mutex<TemporaryFolder?>(nil)

    /// The library of `Plugins/Examples`, built from a copy of its own folder by its own Makefile.
    public static func example(_ name: String) throws -> String {
        try folder.withLock { folder in
            let work = try folder ?? TemporaryFolder()
            folder = work
            let copy = work.file(name)
            let library = "\(copy)/\(name).so"
            if FileManager.default.fileExists(atPath: library) { return library }
            try FileManager.default.copyItem(
                atPath: "\(TestFiles.repository.path)/Plugins/Examples/\(name)", toPath: copy)
            try? FileManager.default.removeItem(atPath: library)
            try run("make", ["-s", "-C", copy, "TESSERA_INCLUDE=\(include)", "CFLAGS=-O1 -Wall -Wextra -Werror"])
            return library
        }
    }

    /// A library made of C.
    ///
    /// - Parameter include: the folder of the header.
    public static func c(
        _ source: String, in folder: TemporaryFolder, named name: String = "library", include: String = include
    ) throws -> String {
        let file = try folder.write(source, to: "\(name).c")
        let library = folder.file("\(name).so")
        try run("cc", ["-std=c99", "-fPIC", "-shared", "-I\(include)", "-o", library, file])
        return library
    }

    /// A library made of C++.
    ///
    /// - Parameter include: the folder of the header.
    public static func cpp(
        _ source: String, in folder: TemporaryFolder, named name: String = "library", include: String = include
    ) throws -> String {
        let file = try folder.write(source, to: "\(name).cpp")
        let library = folder.file("\(name).so")
        try run("c++", ["-std=c++17", "-fPIC", "-shared", "-pthread", "-I\(include)", "-o", library, file])
        return library
    }

    private static func run(_ tool: String, _ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [tool] + arguments
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw TesseraError(.inputOutput, "\(tool) \(arguments.joined(separator: " ")) failed: \(text)")
        }
    }
}
