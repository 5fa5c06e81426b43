import Foundation
import Tessera
import TesseraScript
import Testing

/// Every script of the gallery, as a user runs it.
@Suite struct GalleryTests {
    private static let root = NetworkFolder.root
    private let folder: NetworkFolder

    init() throws {
        folder = try NetworkFolder()
        try folder.write(
            "classes.yaml",
            """
            tessera: 1
            name: classes
            inputs: {image: {shape: [batch, 3, 16, 16], resize: bilinear}}
            weights: {random: 3}
            layers:
              - conv: {name: a, channels: 4, kernel: 3}
              - global_average_pool
              - flatten
              - linear: {name: b, features: 3}
              - softmax: {name: c}
            outputs: {c: {labels: [cat, dog, cup]}}
            """)
    }

    /// What a script of the gallery prints.
    private func output(of name: String, _ arguments: [String]) async throws -> String {
        try await folder.output(of: name, arguments)
    }

    @Test func picturesAreClassified() async throws {
        let text = try await output(
            of: "classify",
            [folder.path + "/classes.yaml", Self.root + "/configs/pictures/landscape.png", "--top", "2"])
        let ranks = text.split(separator: "\n").dropFirst()
        #expect(ranks.count == 2 && text.contains(" ms)"), "\(text)")
        #expect(ranks.allSatisfy { line in ["cat", "dog", "cup"].contains { line.hasSuffix($0) } }, "\(text)")
    }

    @Test func aFaceIsFound() async throws {
        guard let data = ProcessInfo.processInfo.environment["TESSERA_TEST_DATA"] else {
            print("skipped: TESSERA_TEST_DATA is not set")
            return
        }
        try folder.write(
            "faces.yaml",
            """
            tessera: 1
            onnx: \(data)/models/ultraface_rfb320.onnx
            inputs: {input: {scale: 1, mean: 127, deviation: 128, resize: bilinear}}
            outputs: {faces: {detect: {boxes: boxes, scores: scores, score: 0.7, labels: [background, face], background: 0}}}
            """)
        let table = folder.path + "/objects.csv"
        let text = try await output(
            of: "detect", [folder.path + "/faces.yaml", data + "/images/astronaut.png", "--output", table])
        #expect(text.contains("face") && text.hasSuffix("1 found\n"), "\(text)")
        #expect(try String(contentsOfFile: table, encoding: .utf8).split(separator: "\r\n").count == 2)
    }

    @Test func aPictureIsDenoisedOnACluster() async throws {
        let text = try await output(
            of: "denoise_on_cluster",
            [Self.root + "/configs/pictures/landscape.png", "2", folder.path + "/of/pictures"])
        #expect(text.contains("2 nodes") && text.contains("equal to one device to the bit"), "\(text)")
        let ratios = text.split { " ,\n".contains($0) }.compactMap { Double($0) }.suffix(2)
        #expect(ratios.count == 2 && ratios.last ?? 0 > (ratios.first ?? 0) + 5, "\(text)")
        #expect(
            try Picture(path: folder.path + "/of/pictures/denoised.png").width
                == Picture(path: folder.path + "/of/pictures/noisy.png").width)
    }

    @Test func aStrategyOfOnesOwnIsCompared() async throws {
        let text = try await output(
            of: "write_strategy",
            [Self.root + "/configs/networks/vgg16.yaml", Self.root + "/configs/clusters/two-boards.yaml"])
        let times = text.split(separator: "\n").compactMap { line in
            line.split(separator: " ").dropFirst().first.flatMap { Double($0) }
        }
        // The one that is found by search is the best of them; cutting after every pooling beats one cut.
        #expect(times.count == 4 && times[3] <= times.min() ?? 0 && times[0] < times[2], "\(text)")
    }

    @Test func evolutionFindsAPlan() async throws {
        let text = try await output(
            of: "genetic_search",
            [Self.root + "/configs/networks/vgg16.yaml", Self.root + "/configs/clusters/two-boards.yaml", "4"])
        let found = text.split(separator: "\n").first { $0.hasPrefix("genetic") }
        let numbers = found?.split { " ,;".contains($0) }.compactMap { Double($0) } ?? []
        // The plan's time, its stages, and the best times after and before evolution.
        #expect(numbers.count == 4 && numbers[2] <= numbers[3] && abs(numbers[0] - numbers[2]) < 0.2, "\(text)")
    }

    @Test func aNetworkIsQuantized() async throws {
        let network = Self.root + "/configs/networks/sketch.yaml"
        let text = try await output(
            of: "quantize",
            [network, Self.root + "/configs/pictures/landscape.png", "--folder", folder.path + "/small"])
        let outputs = text.split(separator: "\n").last { $0.hasPrefix("outputs: ") }
        let decibels = outputs?.split { ": ".contains($0) }.compactMap { Double($0) }.first ?? 0
        #expect(text.contains(" 8 bits") && decibels > 25, "\(text)")
        #expect(FileManager.default.fileExists(atPath: folder.path + "/small/network.yaml"))
    }

    @Test func aRegressionIsNoticed() async throws {
        let arguments = [folder.path + "/nights", folder.path + "/classes.yaml", "--slower", "1000"]
        #expect(try await output(of: "nightly", arguments).contains("run 1"))
        #expect(try await output(of: "nightly", arguments).contains("run 2"))
        #expect(
            try String(contentsOfFile: folder.path + "/nights/times.svg", encoding: .utf8).contains(">classes</text>"))
        let text = try String(contentsOfFile: folder.path + "/classes.yaml", encoding: .utf8)
        try folder.write(
            "classes.yaml", text.replacing("random: 3", with: "random: 4").replacing("softmax", with: "tanh"))
        let error = await #expect(throws: TesseraError.self) { try await output(of: "nightly", arguments) }
        #expect("\(try #require(error))".contains("classes: output was "))
    }
}

extension NetworkFolder {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// What a script of the gallery prints.
    func output(of name: String, _ arguments: [String]) async throws -> String {
        let lines = Lines()
        var options = ScriptEngine.Options()
        options.print = lines.add
        options.arguments = arguments
        _ = try await run(
            String(contentsOfFile: Self.root + "/scripts/workflows/\(name).lua", encoding: .utf8), options)
        return lines.text
    }
}
