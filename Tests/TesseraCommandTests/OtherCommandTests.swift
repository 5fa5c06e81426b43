import Foundation
import TesseraTestSupport
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct OtherCommandTests {
    @Test("every registered module is listed, with its options")
    func plugins() throws {
        let list = try Command("plugins")
        for name in [
            "vertical", "fused-grid", "loopback", "tcp", "onednn", "reference", "conv", "softmax", "cut_after",
        ] {
            #expect(list.output.contains(name), "\(name)")
        }
    }

    @Test("parameters and operations of ResNet-20 are the published ones: 0.27 M and 40.55 M")
    func inspect() throws {
        let report = try Command("inspect", TestFiles.network("resnet20"), "--shape", "image=1x3x32x32", "--json")
            .json()
        // He et al. count 0.27 M: convolutions and the linear layer, two learned values a channel of each batch norm, to
        // which running_mean and running_var come here.
        #expect(report["parameters"] as? Int == 269_722 + 2 * 688)
        #expect(report["macs"] as? Int == 40_551_040)
    }

    @Test("a network is listed whole as JSON: what goes in, what comes out, and every layer with its keys and weights")
    func inspectJSON() throws {
        let folder = try TemporaryFolder()
        let network = try folder.write(
            """
            tessera: 1
            inputs: {x: {shape: [batch, 2, 4, 4]}, ids: {shape: [1, 1], type: i64}}
            weights: {random: 1}
            layers:
              - conv: {name: c, from: x, channels: 3, kernel: 3}
              - relu
              - add: {name: sum, from: [relu1, c]}
            outputs: {y: sum, ids: ids}
            """, to: "n.yaml")
        let report = try Command("inspect", network, "--json").json()
        let inputs = report["inputs"] as? [[String: Any]] ?? []
        // Where only the batch is open, one of it is looked at.
        #expect(inputs.map { $0["shape"] as? [Int] } == [[1, 2, 4, 4], [1, 1]])
        #expect(inputs.map { $0["element_type"] as? String } == ["f32", "i64"])
        let outputs = report["outputs"] as? [[String: Any]] ?? []
        #expect(outputs.map { $0["name"] as? String } == ["y", "ids"])
        #expect(outputs.first?["shape"] as? [Int] == [1, 3, 2, 2])
        let layers = report["layers"] as? [[String: Any]] ?? []
        #expect(layers.map { $0["name"] as? String } == ["c", "relu1", "sum"])
        #expect(layers.map { $0["type"] as? String } == ["conv", "relu", "add"])
        #expect(layers.map { $0["inputs"] as? [String] } == [["x"], ["c"], ["relu1", "c"]])
        #expect(layers.map { $0["macs"] as? Int } == [3 * 4 * 18, 0, 0])
        #expect(layers.map { $0["parameters"] as? Int } == [3 * 18 + 3, 0, 0])
        #expect(layers[0]["weights"] as? [String: [Int]] == ["weight": [3, 2, 3, 3], "bias": [3]])
        #expect((layers[0]["keys"] as? [String: Int]) == ["channels": 3, "kernel": 3])
        #expect(report["macs"] as? Int == 216 && report["parameters"] as? Int == 57)
    }

    @Test("a network is drawn, with every layer once and its branches side by side")
    func inspectDrawing() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("drawing.svg")
        let run = try Command("inspect", TestFiles.network("squeezenet1_1"), "--svg", path)
        #expect(run.status == 0, "\(run.errors)")
        let drawing = try String(contentsOfFile: path, encoding: .utf8)
        #expect(drawing.components(separatedBy: "features.3.expand1x1<").count == 2)
        #expect(drawing.contains("1x128x55x55") && drawing.contains("1.24 M parameters"))
        #expect(XMLParser(data: Data(drawing.utf8)).parse())
        let refused = try Command("inspect", TestFiles.network("lenet5"), "--svg", folder.file("none/drawing.svg"))
        #expect(refused.status == 1 && refused.errors.contains("none/drawing.svg"), "\(refused.errors)")
    }

    @Test("a script runs, and its errors name file and line")
    func script() throws {
        let folder = try TemporaryFolder()
        let good = try Command("script", folder.write("print(6 * 7, arg[1])", to: "good.lua"), "hello")
        #expect(good.status == 0 && good.output == "42\thello\n", "\(good.output)\(good.errors)")
        let bad = try Command("script", folder.write("local x = 1\nerror('no luck')", to: "bad.lua"))
        #expect(bad.status == 1)
        #expect(bad.errors.contains("bad.lua:2") && bad.errors.contains("no luck"), "\(bad.errors)")
    }
}
