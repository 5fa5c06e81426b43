import Foundation
import Tessera
import TesseraTestSupport
import Testing

@Suite struct ImportExportCommandTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test("a network that is exported, imported and edited answers as before, and the model runs as it is")
    func roundTrip() throws {
        let (network, model, files) = (TestFiles.network("lenet5"), folder.file("lenet5.onnx"), folder.file("imported"))
        var generator = SeededGenerator(seed: 8)
        let input = folder.file("digit.npy")
        let pixels = (0..<32 * 32).map { _ in Float.random(in: 0...1, using: &generator) }
        try NpyFile.write(Tensor(pixels, shape: [1, 1, 32, 32]), to: input)
        func answer(_ network: String) throws -> Tensor {
            let output = folder.file("answer.npy")
            let run = try Command("run", network, "--input", input, "--output", output)
            #expect(run.status == 0, "\(run.errors)")
            return try NpyFile.read(output)
        }
        let export = try Command("export", network, "-o", model)
        #expect(export.status == 0 && export.output.contains("lenet5.onnx"), "\(export.output)\(export.errors)")
        let imported = try Command("import", model, "-o", files)
        #expect(imported.status == 0, "\(imported.errors)")
        let expected = try answer(network)
        #expect(try answer(model) == expected)
        let copy = files + "/network.yaml"
        #expect(try answer(copy) == expected)

        let text = try String(contentsOfFile: copy, encoding: .utf8)
        #expect(text.contains("- conv: {name: conv1, channels: 6, kernel: 5}"), "\(text)")
        let edited = text.replacingOccurrences(of: "  - flatten", with: "  - negate\n  - negate\n  - flatten")
        #expect(edited != text)
        try edited.write(toFile: copy, atomically: true, encoding: .utf8)
        #expect(try answer(copy) == expected)

        // What was edited is not lost.
        let again = try Command("import", model, "-o", files)
        #expect(again.status == 1 && again.errors.contains("--force"), "\(again.errors)")
        #expect(try String(contentsOfFile: copy, encoding: .utf8) == edited)
        #expect(try Command("import", model, "-o", files, "--force").status == 0)
        #expect(try String(contentsOfFile: copy, encoding: .utf8) == text)
    }

    @Test("a model that is cut off, a file of another kind and a folder that is a file are one error each")
    func badFiles() throws {
        let model = folder.file("model.onnx")
        #expect(try Command("export", TestFiles.network("lenet5"), "-o", model).status == 0)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: model))
        let cut = folder.file("cut.onnx")
        try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: cut))
        for (arguments, message) in [
            (["import", cut, "-o", folder.file("a")], "cut.onnx"),
            (["import", TestFiles.network("lenet5"), "-o", folder.file("a")], "expected a file named .onnx"),
            (["import", model, "-o", model], "is no folder"),
            (["import", folder.file("none.onnx"), "-o", folder.file("a")], "none.onnx"),
        ] {
            let run = try Command(arguments)
            #expect(run.status == 1 && run.errors.contains(message), "\(run.errors)")
            #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
            #expect(!FileManager.default.fileExists(atPath: folder.file("a")))
        }
    }
}
