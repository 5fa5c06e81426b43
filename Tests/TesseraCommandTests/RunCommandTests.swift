import Foundation
import Tessera
import TesseraTestSupport
import Testing

@Suite struct RunCommandTests {
    static let edges = """
        tessera: 1
        name: edges
        inputs:
          image: {shape: [1, 1, height, width]}
        weights: edges.safetensors
        layers:
          - conv: {name: difference, channels: 1, kernel: [1, 2], padding: [0, 0, 0, 1], bias: false}
          - relu
        outputs: {edges: relu1}
        """

    @Test("tensors in and out: a difference of neighbours, computed by hand")
    func tensors() throws {
        let folder = try TemporaryFolder()
        let network = try folder.write(Self.edges, to: "edges.yaml")
        try SafetensorsFile.write(
            ["difference.weight": try Tensor([-1, 1], shape: [1, 1, 1, 2])], to: folder.file("edges.safetensors"))
        try NpyFile.write(try Tensor([1, 4, 2, 9], shape: [1, 1, 1, 4]), to: folder.file("x.npy"))
        for output in ["y.npy", "y.safetensors"] {
            let run = try Command(
                "run", network, "--input", "image=" + folder.file("x.npy"), "--output", folder.file(output))
            #expect(run.status == 0, "\(run.errors)")
            let tensor =
                output.hasSuffix("npy")
                ? try NpyFile.read(folder.file(output)) : try SafetensorsFile(path: folder.file(output)).tensor("edges")
            #expect(try tensor.floats() == [3, 0, 7, 0])
        }
        let run = try Command("run", network, "--input", folder.file("x.npy"), "--json")
        let report = try run.json()
        #expect(report["network"] as? String == "edges")
        #expect((report["outputs"] as? [String: [Int]]) == ["edges": [1, 1, 1, 4]])
    }

    @Test("a picture in and a picture out, colour to grey")
    func pictures() throws {
        let folder = try TemporaryFolder()
        let network = try folder.write(Self.edges, to: "edges.yaml")
        try SafetensorsFile.write(
            ["difference.weight": try Tensor([1, 0], shape: [1, 1, 1, 2])], to: folder.file("edges.safetensors"))
        let source = TestFiles.repository.appendingPathComponent("configs/pictures/landscape.png").path
        let run = try Command("run", network, "--input", "image=" + source, "--output", folder.file("grey.png"))
        #expect(run.status == 0, "\(run.errors)")
        #expect(try Picture(path: folder.file("grey.png")) == Picture(path: source).grey())
    }

    @Test("bad input gets one clear error, and exit 1", arguments: BadInput.all)
    func errors(_ bad: BadInput) throws {
        let folder = try TemporaryFolder()
        let network = try folder.write(bad.network, to: "net.yaml")
        try SafetensorsFile.write(
            ["difference.weight": try Tensor([1, 0], shape: [1, 1, 1, 2])], to: folder.file("edges.safetensors"))
        try folder.write([1, 2, 3], to: "truncated.safetensors")
        let claim =
            #"{"difference.weight":{"dtype":"F32","shape":[1073741824,268435456],"data_offsets":[0,1152921504606846976]}}"#
        var bytes = withUnsafeBytes(of: UInt64(claim.utf8.count).littleEndian) { Data($0) }
        bytes.append(Data(claim.utf8))
        try folder.write(Array(bytes), to: "huge.safetensors")
        try SafetensorsFile.write(
            ["difference.weight": try Tensor([1, .nan], shape: [1, 1, 1, 2])], to: folder.file("nan.safetensors"))
        try folder.write("this is no picture", to: "text.png")
        try Picture(width: 4, height: 2, channels: 1, pixels: [UInt8](repeating: 9, count: 8)).write(
            to: folder.file("x.png"))
        let arguments = bad.arguments.map { $0.replacingOccurrences(of: "DIR", with: folder.path) }
        let run = try Command(["run", network] + arguments)
        #expect(run.status == 1, "\(run.output)\(run.errors)")
        #expect(run.output.isEmpty)
        for part in bad.message { #expect(run.errors.contains(part), "expected \(part) in \(run.errors)") }
        #expect(!FileManager.default.fileExists(atPath: folder.file("y.png")))
    }

    @Test("weights that no layer uses are noted, and do no harm")
    func unusedWeights() throws {
        let folder = try TemporaryFolder()
        let network = try folder.write(Self.edges, to: "net.yaml")
        try NpyFile.write(try Tensor([1, 4, 2, 9], shape: [1, 1, 1, 4]), to: folder.file("x.npy"))
        let weight = try Tensor([1, -1], shape: [1, 1, 1, 2])
        let (own, other) = (folder.file("own.safetensors"), folder.file("other.safetensors"))
        try SafetensorsFile.write(["difference.weight": weight, "bn.num_batches_tracked": weight], to: own)
        try SafetensorsFile.write(["difference.weight": weight, "layer9.conv.weight": weight], to: other)
        for (file, note) in [
            (own, ""), (other, "note: no layer uses 1 of the tensors in the weight file: layer9.conv.weight\n"),
        ] {
            let run = try Command("run", network, "--weights", file, "--input", folder.file("x.npy"))
            #expect(run.status == 0 && run.errors == note, "\(run.errors)")
        }
    }

    @Test("wrong usage is exit 64")
    func usage() throws {
        #expect(try Command("run").status == 64)
        #expect(try Command("run", "x.yaml", "--threads", "0").status == 64)
        #expect(try Command("frobnicate").status == 64)
    }
}

/// Something wrong, and what the message must say.
struct BadInput: Sendable, CustomTestStringConvertible {
    let testDescription: String
    var network = RunCommandTests.edges
    var arguments = ["--input", "image=DIR/x.png", "--output", "DIR/y.png"]
    let message: [String]

    static let all: [BadInput] = [
        BadInput(
            testDescription: "unknown key",
            network: RunCommandTests.edges.replacingOccurrences(of: "channels: 1", with: "chanels: 1"),
            message: ["net.yaml:7:", "unknown key 'chanels'", "did you mean 'channels'?"]),
        BadInput(
            testDescription: "bad indent", network: RunCommandTests.edges + "\n   stray: 1\n", message: ["net.yaml:"]),
        BadInput(
            testDescription: "unknown layer",
            network: RunCommandTests.edges.replacingOccurrences(of: "- relu", with: "- relo"),
            message: ["net.yaml:8:", "relo", "did you mean 'relu'?"]),
        BadInput(
            testDescription: "wrong shape",
            network: RunCommandTests.edges.replacingOccurrences(of: "padding: [0, 0, 0, 1]", with: "kernel: 9"),
            message: ["net.yaml:7:", "kernel"]),
        BadInput(
            testDescription: "nothing left of the map",
            network: RunCommandTests.edges.replacingOccurrences(of: "kernel: [1, 2]", with: "kernel: [5, 2]"),
            message: ["net.yaml:7:", "difference", "1x1x2x4"]),
        BadInput(
            testDescription: "mis-shaped weight",
            network: RunCommandTests.edges.replacingOccurrences(of: "kernel: [1, 2]", with: "kernel: [1, 3]"),
            message: ["net.yaml:7:", "difference.weight", "1x1x1x3", "1x1x1x2"]),
        BadInput(
            testDescription: "missing weight",
            network: RunCommandTests.edges.replacingOccurrences(of: "bias: false", with: "bias: true"),
            message: ["net.yaml:7:", "difference.bias"]),
        BadInput(
            testDescription: "truncated weight file",
            arguments: ["--weights", "DIR/truncated.safetensors", "--input", "DIR/x.png"],
            message: ["truncated.safetensors"]),
        BadInput(
            testDescription: "a tensor of 2^60 bytes",
            arguments: ["--weights", "DIR/huge.safetensors", "--input", "DIR/x.png"],
            message: ["huge.safetensors", "difference.weight"]),
        BadInput(testDescription: "no picture", arguments: ["--input", "image=DIR/text.png"], message: ["text.png"]),
        BadInput(testDescription: "no such file", arguments: ["--input", "image=DIR/none.png"], message: ["none.png"]),
        BadInput(
            testDescription: "no such input", arguments: ["--input", "imag=DIR/x.png"],
            message: ["no input 'imag'", "did you mean 'image'?"]),
        BadInput(
            testDescription: "no such folder for the output",
            arguments: ["--input", "DIR/x.png", "--output", "DIR/none/y.png"], message: ["none/y.png"]),
        BadInput(
            testDescription: "an output of no known kind",
            arguments: ["--input", "DIR/x.png", "--output", "DIR/y.gif"],
            message: [".npy", "y.gif"]),
        BadInput(
            testDescription: "a weight that is no number",
            arguments: ["--input", "DIR/x.png", "--weights", "DIR/nan.safetensors"],
            message: ["net.yaml:7:", "difference.weight", "NaN at element 1"]),
        BadInput(
            testDescription: "missing input", arguments: [], message: ["input 'image'"]),
        BadInput(
            testDescription: "another precision", arguments: ["--input", "DIR/x.png", "--precision", "f8"],
            message: ["f32", "f8"]),
    ]
}
