import TesseraCore
import TesseraTestSupport
import Testing

@testable import TesseraONNX

@Suite struct FunctionInliningTests {
    private func function(_ name: String, _ nodes: [ONNXNodeProto]) -> ONNXFunctionProto {
        var function = ONNXFunctionProto()
        (function.name, function.domain, function.input, function.output) = (name, "local", ["a"], ["b"])
        function.node = nodes
        return function
    }

    private func call(_ name: String, _ input: String, _ output: String) -> ONNXNodeProto {
        var node = ModelBuilder.node(name, [input], [output])
        node.domain = "local"
        return node
    }

    @Test func callsBecomeTheFunctionsNodesWithItsAttributes() throws {
        var builder = ModelBuilder(opset: 13)
        builder.input("x", [1])
        var leaky = function(
            "Leaky",
            [
                ModelBuilder.node("LeakyRelu", ["a"], ["t"], ["alpha": .reference("slope")]),
                ModelBuilder.node("Elu", ["t"], ["b"], ["alpha": .reference("other")]),
            ])
        leaky.attribute = ["slope", "other"]
        builder.model.functions = [leaky]
        var node = call("Leaky", "x", "y")
        node.name = "act"
        node.attribute = [ModelBuilder.attribute("slope", .float(0.5))]
        builder.model.graph.node = [node]
        builder.output("y")
        #expect(
            try builder.imported().lines == [
                "leaky_relu act.t_1 {slope: 0.5} (x)", "elu act.y {} (act.t_1)",
            ])
    }

    @Test func callsWithinThemselvesAreRefused() {
        var builder = ModelBuilder(opset: 13)
        builder.input("x", [1])
        builder.model.functions = [function("Loop", [call("Loop", "a", "b")])]
        builder.model.graph.node = [call("Loop", "x", "y")]
        builder.output("y")
        expectError(.limitExceeded, "Loop") { try builder.imported() }
    }

    @Test func callsThatMultiplyAreRefused() {
        var builder = ModelBuilder(opset: 13)
        builder.input("x", [1])
        builder.model.functions = (0..<30).map { level in
            let next = level == 29 ? ModelBuilder.node("Relu", ["a"], ["t"]) : call("f\(level + 1)", "a", "t")
            let last = level == 29 ? ModelBuilder.node("Relu", ["t"], ["b"]) : call("f\(level + 1)", "t", "b")
            return function("f\(level)", [next, last])
        }
        builder.model.graph.node = [call("f0", "x", "y")]
        builder.output("y")
        expectError(.limitExceeded) { try builder.imported() }
    }
}
