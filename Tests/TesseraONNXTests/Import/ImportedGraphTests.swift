import TesseraCore
import TesseraTestSupport
import Testing

@testable import TesseraONNX

@Suite struct ImportedGraphTests {
    @Test func initializersThatAreInputsAreWeights() throws {
        var builder = ModelBuilder(opset: 9)
        builder.input("x", ["N", 2, "height", "2 * height"])
        builder.input("w", [1, 2, 1, 1])
        builder.weight("w", [1, 2, 1, 1])
        builder.node("Conv", ["x", "w"], ["y"])
        builder.output("y")
        let graph = try builder.imported()
        #expect(graph.inputs.map(\.name) == ["x"])
        #expect(graph.inputs[0].shape.description == "Nx2xheightx_2___height")
    }

    @Test func openSizesWithoutANameGetOne() throws {
        var builder = ModelBuilder(opset: 9)
        builder.input("x.1", [-1, "", 3], .i64)
        builder.node("Identity", ["x.1"], ["y"])
        builder.output("y")
        let graph = try builder.imported()
        #expect(graph.inputs[0].shape.description == "x_1_0xx_1_1x3")
        #expect(graph.inputs[0].elementType == .i64)
        #expect(graph.lines == ["identity y {} (x.1)"])
    }

    @Test func layersAreNamedAfterPyTorchsScopes() {
        func name(_ node: String, _ type: String = "Conv", output: String = "") -> String {
            LayerNames.base(node: node, operatorType: type, output: output)
        }
        #expect(name("/layer1/layer1.0/conv1/Conv") == "layer1.0.conv1")
        #expect(name("/layer1/layer1.0/relu_1/Relu_1", "Relu") == "layer1.0.relu_1_1")
        #expect(name("/Add_2", "Add") == "Add_2")
        #expect(name("gpu_0/conv 1") == "gpu_0.conv_1")
        #expect(name("", output: "pool5/7x7") == "pool5.7x7")
        #expect(name("", output: "123") == "conv")
    }

    @Test func namesAreUniqueWithTheirOutputs() {
        var names = LayerNames(inputs: ["x"])
        #expect(names.claim("x", outputs: []) == "x_2")
        #expect(names.claim("lstm", outputs: ["hidden"]) == "lstm")
        #expect(names.claim("lstm.hidden", outputs: []) == "lstm.hidden_2")
        #expect(names.claim("lstm.output", outputs: []) == "lstm.output_2")
        #expect(names.claim("lstm", outputs: []) == "lstm_2")
    }

    @Test func nodesMayComeInAnyOrder() throws {
        var builder = ModelBuilder(opset: 9)
        builder.input("x", [1])
        builder.node("Relu", ["a"], ["y"])
        builder.node("Neg", ["x"], ["a"])
        builder.node("Abs", ["x"], ["unused"])
        builder.output("y")
        #expect(try builder.imported().lines == ["negate a {} (x)", "relu y {} (a)"])
    }

    @Test func aCycleIsRefused() {
        var builder = ModelBuilder(opset: 9)
        builder.node("Relu", ["b"], ["a"])
        builder.node("Relu", ["a"], ["b"])
        builder.output("b")
        expectError(.malformedFile, "depends on itself") { try builder.imported() }
    }

    @Test func missingValuesAndOutputsAreRefused() {
        var builder = ModelBuilder(opset: 9)
        builder.node("Relu", ["nothing"], ["a"])
        builder.output("a")
        expectError(.malformedFile, "'nothing' is made by nothing") { try builder.imported() }
        builder.output("b")
        builder.model.graph.node = []
        expectError(.malformedFile, "'a'") { try builder.imported() }
    }

    @Test func everythingThatIsNotSupportedIsListedAtOnce() {
        var builder = ModelBuilder(opset: 13)
        builder.input("x", [1])
        builder.node("Relu", ["x"], ["a"])
        builder.node("Frobnicate", ["a"], ["b"], name: "first")
        builder.node("Relu", ["b"], ["c"], ["speed": .int(3)], name: "second")
        var foreign = ModelBuilder.node("FusedConv", ["c"], ["d"], name: "third")
        foreign.domain = "com.microsoft"
        builder.model.graph.node.append(foreign)
        builder.output("d")
        do {
            _ = try builder.imported()
            Issue.record("expected an error")
        } catch {
            let lines = "\(error)".split(separator: "\n").map(String.init)
            #expect(
                lines == [
                    "the model cannot be imported, as 3 nodes are not supported:",
                    "'first' (Frobnicate): the operator 'Frobnicate'",
                    "'second' (Relu): the attribute speed in opset 13",
                    "'third' (FusedConv): operators of the domain 'com.microsoft'",
                ])
        }
    }

    @Test func oldOpsetsAreRefusedWhereOperatorsChanged() {
        expectError(.notSupported, "opset 6", "not supported") { try layers(opset: 6, "Add", ["x", "x"]) }
        #expect(throws: Never.self) { try layers(opset: 1, "Not", ["x"]) }
    }

    @Test func constantsAreSharedByTheirName() throws {
        var builder = ModelBuilder(opset: 13)
        builder.input("x", [3])
        builder.weight("table", [3])
        builder.node("Add", ["x", "table"], ["a"])
        builder.node("Mul", ["a", "table"], ["y"])
        builder.output("y", "table")
        let graph = try builder.imported()
        #expect(
            graph.lines == [
                "constant table {shape: [3], values: [0, 1, 2]} ()", "add a {} (x, table)", "multiply y {} (a, table)",
            ])
        #expect(graph.outputs.map(\.value) == ["y", "table"])
    }

    @Test func largeConstantsAreWeights() throws {
        #expect(
            try layers(opset: 13, "Add", ["x", "w"], given: ["x": [4, 5]]) { $0.weight("w", [4, 5]) }
                == ["constant w {shape: [4, 5]} () value=4x5", "add y {} (x, w)"])
    }

    @Test func droppingOutPassesOnUnlessItTrains() throws {
        #expect(
            try layers(opset: 12, "Dropout", ["x"], outputs: ["y", "mask"]) == [
                "shape y.shape {} (x)", "fill y.mask {value: 1, type: 'bool'} (y.shape)", "identity y {} (x)",
            ])
        expectError(.notSupported, "training") {
            try layers(opset: 12, "Dropout", ["x", "r", "t"], given: ["x": [1], "r": [], "t": []])
        }
    }
}
