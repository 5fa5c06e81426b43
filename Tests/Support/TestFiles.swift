import Foundation
import Tessera

/// Where tests find what they read: the repository's own files, the built command, and real data if there is any.
public enum TestFiles {
    /// The repository.
    public static let repository = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The built `tessera` command, which stands beside the program that runs the tests.
    public static var executable: String {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent("tessera").path
    }

    /// The folder of real models and pictures, which the environment variable `TESSERA_TEST_DATA` names; nil without.
    public static let data = ProcessInfo.processInfo.environment["TESSERA_TEST_DATA"].map { URL(fileURLWithPath: $0) }

    /// The names of all networks that are shipped.
    public static var networks: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(
                atPath: repository.appendingPathComponent("configs/networks").path
            )
            .filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }.sorted()
        }
    }

    /// Those of them that a build without optimization can draw weights for and run in seconds; scripts/onnx_models.py, which
    /// `.ci/run` calls, runs all.
    public static var lightNetworks: [String] {
        get throws {
            try networks.filter { !["resnet50", "resnet56", "vgg16", "yolov2", "yolov2-tiny"].contains($0) }
        }
    }

    public static func network(_ name: String) -> String {
        repository.appendingPathComponent("configs/networks/\(name).yaml").path
    }

    /// The bytes of the first block of a PEM file.
    public static func pem(_ path: String) throws -> [UInt8] {
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        return Array(Data(base64Encoded: lines.dropFirst().prefix { !$0.hasPrefix("-----") }.joined()) ?? Data())
    }

    /// A file of the real data.
    ///
    /// - Throws: `notFound` without it; tests that use this are enabled only with it.
    public static func data(_ path: String) throws -> String {
        guard let data else { throw TesseraError(.notFound, "TESSERA_TEST_DATA is not set") }
        return data.appendingPathComponent(path).path
    }
}
