import TesseraCore
import TesseraTestSupport
import Testing

@testable import TesseraONNX

/// Models that ONNX does not allow, or that are newer than what is known.
@Suite struct InvalidModelTests {
    @Test("an attribute of another type names itself, the node and both types")
    func attributeTypes() {
        func expect(
            _ type: String, _ attribute: String, _ value: ModelBuilder.Attribute, _ expected: String, _ found: String,
            inputs: [String] = ["x"]
        ) {
            expectError(
                .malformedFile, "'\(attribute)' of type \(expected), found \(found)", "the node of 'y' (\(type))"
            ) {
                try layers(opset: 12, type, inputs, [attribute: value]) { $0.weight("w", [1, 2, 1, 1]) }
            }
        }
        expect("LeakyRelu", "alpha", .int(2), "FLOAT", "INT")
        expect("Flatten", "axis", .float(2), "INT", "FLOAT")
        expect("Flatten", "axis", .ints([2]), "INT", "INTS")
        expect("Transpose", "perm", .int(1), "INTS", "INT")
        expect("Gelu", "approximate", .int(1), "STRING", "INT")
        expect("Conv", "strides", .floats([1, 1]), "INTS", "FLOATS", inputs: ["x", "w"])
        expect("TopK", "largest", .float(1), "INT", "FLOAT", inputs: ["x", "w"])
    }

    @Test("an attribute of the first models, which state no types, is read by the field that is set")
    func attributeWithoutType() throws {
        var builder = ModelBuilder(opset: 12)
        builder.input("x", [1])
        var node = ModelBuilder.node("LeakyRelu", ["x"], ["y"], ["alpha": .float(0.5)])
        node.attribute[0].clearType()
        builder.model.graph.node = [node]
        builder.output("y")
        #expect(try builder.imported().lines == ["leaky_relu y {slope: 0.5} (x)"])
        builder.model.graph.node[0].attribute[0].i = 1
        builder.model.graph.node[0].attribute[0].clearF()
        expectError(.malformedFile, "'alpha' of type FLOAT, found INT") { try builder.imported() }
    }

    @Test("an attribute that refers to one of a function is refused outside of functions")
    func reference() {
        expectError(.malformedFile, "'axis' refers to 'a'") {
            try layers(opset: 12, "Flatten", ["x"], ["axis": .reference("a")])
        }
    }

    @Test("inputs that an operator does not take are refused")
    func surplusInputs() {
        for (type, inputs, surplus) in [
            ("Relu", ["x", "x", "x"], 1), ("Add", ["x", "x", "x"], 2), ("Conv", ["x", "w", "", "x"], 3),
            ("GlobalMaxPool", ["x", "w"], 1), ("Reshape", ["x", "w", "w"], 2),
        ] {
            expectError(.malformedFile, "an input \(surplus), '", "(\(type))") {
                try layers(opset: 13, type, inputs) { $0.weight("w", [1, 2, 1, 1]) }
            }
        }
        #expect(throws: Never.self) { try layers(opset: 13, "Relu", ["x", "", ""]) }
    }

    @Test("an opset that is newer than the newest that is known is refused")
    func newestOpset() {
        expectError(.notSupported, "opset 29 is not supported", "known is 28") { try layers(opset: 29, "Relu", ["x"]) }
        #expect(throws: Never.self) { try layers(opset: 28, "Relu", ["x"]) }
    }

    @Test("two initializers of one name are refused")
    func initializers() {
        expectError(.malformedFile, "two initializers 'w'") {
            try layers(opset: 13, "Add", ["x", "w"]) {
                $0.weight("w", [8])
                $0.weight("w", [1])
            }
        }
    }

    @Test("an axis that the input does not have is refused")
    func axes() throws {
        for axis in [-4, 4, .max, .min] {
            expectError(.malformedFile, "axis from -3 to 3") {
                try layers(opset: 13, "Flatten", ["x"], ["axis": .int(axis)], given: ["x": [2, 3, "n"]])
            }
        }
        for axis in [-4, 3, .max] {
            expectError(.malformedFile, "axis from -3 to 2") {
                try layers(opset: 11, "Softmax", ["x"], ["axis": .int(axis)], given: ["x": [2, 3, "n"]])
            }
        }
        #expect(throws: Never.self) {
            try layers(opset: 13, "Flatten", ["x"], ["axis": .int(3)], given: ["x": [2, 3, "n"]])
        }
    }

    @Test("an axis beyond an input of unknown rank is an error once the rank is known")
    func axisOfUnknownRank() throws {
        func shape(axis: Int) throws -> Shape? {
            var builder = ModelBuilder(opset: 13)
            builder.input("x", [2, 3, 5, 1])
            builder.input("axes", ["n"], .i64)
            builder.node("Squeeze", ["x", "axes"], ["s"])
            builder.node("Flatten", ["s"], ["y"], ["axis": .int(axis)])
            builder.output("y")
            return try builder.run([
                "x": Tensor(zeros: [2, 3, 5, 1], elementType: .f32), "axes": Tensor(integers: [3], shape: [1]),
            ])["y"]?.shape
        }
        #expect(try shape(axis: 2) == [6, 5])
        #expect(try shape(axis: 3) == [30, 1])
        #expect(try shape(axis: -1) == [6, 5])
        expectError(.shapeMismatch) { try shape(axis: 4) }
    }

    @Test("a node without a name that depends on itself is named by its output")
    func cycle() {
        expectError(.malformedFile, "the node of 'y' (Relu) depends on itself") { try layers(opset: 13, "Relu", ["y"]) }
    }

    @Test("inputs that are not supported are listed with the nodes that are not")
    func inputs() {
        var builder = ModelBuilder(opset: 13)
        builder.input("x", [1])
        builder.input("c", [1])
        builder.model.graph.input[1].type.tensorType.elemType = 14
        builder.input("u", [])
        builder.model.graph.input[2].type.tensorType.clearShape()
        builder.node("Add", ["x", "c"], ["a"])
        builder.node("Frobnicate", ["a"], ["y"])
        builder.output("y")
        expectError(
            .notSupported, "as 2 inputs and 1 node are not supported:\ninput 'c': the element type complex64",
            "\ninput 'u': an input whose number of axes is not known", "\nthe node of 'y' (Frobnicate): the operator"
        ) { try builder.imported() }
    }
}
