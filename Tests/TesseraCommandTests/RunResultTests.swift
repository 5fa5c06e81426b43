import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// What `tessera run` shows of rankings and detections.
@Suite struct RunResultTests {
    @Test("a ranking is a table, and JSON")
    func ranking() throws {
        let folder = try TemporaryFolder()
        try folder.write("cat\ndog\nbird\n", to: "labels.txt")
        let network = try folder.write(
            """
            tessera: 1
            inputs: {x: {shape: [batch, 3]}}
            layers: [relu]
            outputs: {animals: {from: relu1, labels: labels.txt, top: 2, softmax: true}}
            """, to: "n.yaml")
        try NpyFile.write(try Tensor([0, 2, 1], shape: [1, 3]), to: folder.file("x.npy"))
        let run = try Command("run", network, "--input", folder.file("x.npy"), "--output", folder.file("y.json"))
        #expect(run.status == 0, "\(run.errors)")
        let lines = run.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        // e² / (1 + e + e²) and e / (1 + e + e²).
        #expect(lines == [["animals", "class", "score"], ["dog", "1", "0.6652"], ["bird", "2", "0.2447"]])

        let report = try Command("run", network, "--input", folder.file("x.npy"), "--json").json()
        let results = report["results"] as? [String: [[String: Any]]]
        #expect(results?["animals"]?.map { $0["label"] as? String } == ["dog", "bird"])
        #expect(results?["animals"]?.map { $0["class"] as? Int } == [1, 2])
        let written = try JSONSerialization.jsonObject(
            with: Data(contentsOf: URL(fileURLWithPath: folder.file("y.json"))))
        #expect((written as? [[String: Any]])?.count == 2)

        let batch = try Tensor([0, 2, 1, 5, 0, 0], shape: [2, 3])
        try NpyFile.write(batch, to: folder.file("batch.npy"))
        let table = try Command("run", network, "--input", folder.file("batch.npy")).output
        #expect(table.contains("item") && table.contains("cat"))

        let bad = try Command("run", network, "--input", folder.file("x.npy"), "--output", folder.file("y.png"))
        #expect(bad.status == 1)
        #expect(bad.errors.contains("output 'animals' is a ranking, in a .json file"), "\(bad.errors)")
        // The scores themselves are still there.
        #expect(
            try Command("run", network, "--input", folder.file("x.npy"), "--output", folder.file("y.npy")).status == 0)
        #expect(try NpyFile.read(folder.file("y.npy")).floats() == [0, 2, 1])
    }

    /// A network that passes boxes and scores on.
    private static let faces = """
        tessera: 1
        inputs:
          input: {shape: [1, 3, 240, 320], scale: 1, mean: 127, deviation: 128, resize: bilinear}
          boxes: {shape: [1, n, 4]}
          scores: {shape: [1, n, 2]}
        layers:
          - relu: {from: input}
        outputs:
          faces:
            detect: {boxes: boxes, scores: scores, score: 0.7, labels: [background, face], background: 0, picture: input}
        """

    @Test("a detection is a table, JSON, and a picture with frames")
    func detection() throws {
        let folder = try TemporaryFolder()
        let network = try folder.write(Self.faces, to: "faces.yaml")
        let boxes = try Tensor([0.25, 0.25, 0.5, 0.75, 0.26, 0.25, 0.5, 0.75], shape: [1, 2, 4])
        let values = folder.file("values.safetensors")
        try SafetensorsFile.write(
            ["boxes": boxes, "scores": try Tensor([0, 0.9, 0, 0.8], shape: [1, 2, 2])], to: values)
        let grey = try Picture(width: 80, height: 40, channels: 1, pixels: [UInt8](repeating: 99, count: 3200))
        try grey.write(to: folder.file("x.png"))
        let inputs = ["input=" + folder.file("x.png"), "boxes=" + values, "scores=" + values].flatMap {
            ["--input", $0]
        }

        let run = try Command(["run", network, "--output", folder.file("y.png")] + inputs)
        #expect(run.status == 0, "\(run.errors)")
        let lines = run.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        #expect(
            lines == [
                ["faces", "score", "left", "top", "right", "bottom"],
                ["face", "0.9000", "20.0", "10.0", "40.0", "30.0"],
            ])
        let drawn = try Picture(path: folder.file("y.png"))
        #expect(drawn.width == 80 && drawn.height == 40)
        #expect(Array(drawn.pixels[(29 * 80 + 30) * 3..<(29 * 80 + 30) * 3 + 3]) == [60, 180, 75])
        #expect(Array(drawn.pixels[(20 * 80 + 30) * 3..<(20 * 80 + 30) * 3 + 3]) == [99, 99, 99])

        let json = try Command(
            [
                "run", network, "--json", "--output", folder.file("y.json"), "--output",
                "faces=" + folder.file("z.safetensors"),
            ]
                + inputs
        ).json()
        let found = (json["results"] as? [String: [[String: Any]]])?["faces"]
        #expect(found?.count == 1 && found?[0]["label"] as? String == "face")
        #expect(found?[0]["box"] as? [Double] == [20, 10, 40, 30])
        #expect(try SafetensorsFile(path: folder.file("z.safetensors")).names == ["faces.boxes", "faces.scores"])

        let bad = try Command(["run", network, "--output", folder.file("y.npy")] + inputs)
        #expect(bad.status == 1)
        #expect(bad.errors.contains("output 'faces' is a detection, as a picture or in a .json"), "\(bad.errors)")
    }

    @Test(
        "UltraFace computes what ONNX Runtime does, and on four nodes the same to the bit",
        .enabled(if: TestFiles.data != nil, "TESSERA_TEST_DATA names no folder of real models"))
    func ultraFaceOnNodes() throws {
        let folder = try TemporaryFolder()
        let (model, values) = (
            try TestFiles.data("models/ultraface_rfb320.onnx"),
            try TestFiles.data("expected/ultraface_rfb320.safetensors")
        )
        let alone = folder.file("alone.safetensors")
        let run = try Command("run", model, "--input", "input=\(values)#input", "--output", alone)
        #expect(run.status == 0, "\(run.errors)")
        let (found, expected) = (try SafetensorsFile(path: alone), try SafetensorsFile(path: values))
        for output in ["scores", "boxes"] {
            let (tensor, reference) = (try found.tensor(output), try expected.tensor(output))
            #expect(tensor.shape == reference.shape)
            #expect(zip(tensor.reals(), reference.reals()).allSatisfy { abs($0 - $1) < 1e-4 }, "\(output)")
        }
        for strategy in ["vertical", "fused-grid"] {
            let deployment = try folder.write(
                "{tessera: 1, network: \(model), partition: {strategy: \(strategy)}}", to: "\(strategy).yaml")
            let together = folder.file("\(strategy).safetensors")
            let deploy = try Command(
                "deploy", deployment, "--local", "4", "--input", "input=\(values)#input", "--output", together)
            #expect(deploy.status == 0, "\(deploy.errors)")
            for output in ["scores", "boxes"] {
                #expect(
                    try SafetensorsFile(path: together).tensor(output) == found.tensor(output), "\(strategy): \(output)"
                )
            }
        }
    }

    @Test(
        "an ONNX model finds the face in the photograph, with a network file that says what goes in and what comes out",
        .enabled(if: TestFiles.data != nil, "TESSERA_TEST_DATA names no folder of real models"))
    func onnx() throws {
        let folder = try TemporaryFolder()
        let network = try folder.write(
            """
            tessera: 1
            onnx: \(try TestFiles.data("models/ultraface_rfb320.onnx"))
            inputs:
              input: {scale: 1, mean: 127, deviation: 128, resize: bilinear}
            outputs:
              faces: {detect: {boxes: boxes, scores: scores, score: 0.7, labels: [background, face], background: 0}}
            """, to: "ultraface.yaml")
        let run = try Command(
            "run", network, "--json", "--input", try TestFiles.data("images/astronaut.png"), "--output",
            folder.file("faces.png"))
        let found = (try run.json()["results"] as? [String: [[String: Any]]])?["faces"]
        let box = found?.first?["box"] as? [Double] ?? []
        #expect(found?.count == 1, "\(run.output)\(run.errors)")
        #expect(box.count == 4 && zip(box, [179.7, 61.4, 267.8, 174.1]).allSatisfy { abs($0 - $1) < 2 }, "\(box)")
        #expect(try Picture(path: folder.file("faces.png")).width == 512)
    }

    @Test(
        "UltraFace's boxes, as ONNX Runtime makes them, are the face in the photograph",
        .enabled(if: TestFiles.data != nil, "TESSERA_TEST_DATA names no folder of real models"))
    func ultraFace() throws {
        let folder = try TemporaryFolder()
        let network = try folder.write(Self.faces, to: "faces.yaml")
        let values = try TestFiles.data("expected/ultraface_rfb320.safetensors")
        let run = try Command(
            "run", network, "--json", "--input", "input=" + (try TestFiles.data("images/astronaut.png")), "--input",
            "boxes=" + values, "--input", "scores=" + values)
        let found = (try run.json()["results"] as? [String: [[String: Any]]])?["faces"]
        #expect(found?.count == 1, "\(run.output)\(run.errors)")
        // 0.351 0.120 0.523 0.340 of 512 by 512 pixels.
        let box = found?.first?["box"] as? [Double] ?? []
        #expect(box.count == 4 && zip(box, [179.7, 61.4, 267.8, 174.1]).allSatisfy { abs($0 - $1) < 0.5 })
    }
}
