import Tessera
import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct ResizeTests {
    @Test("every mode, kind of coordinates, rank and type; tiles know where they lie")
    func conformance() throws {
        try checkOperator([
            OperatorCase(try op("{scales: [1, 1, 2, 2]}"), [1, 16, 7, 9]),
            OperatorCase(try op("{scales: [1, 1, 3, 2], coordinates: asymmetric, rounding: floor}"), [2, 3, 5, 4]),
            OperatorCase(try op("{sizes: [13, 6], axes: [2, 3], rounding: ceil}"), [1, 3, 9, 11]),
            OperatorCase(try op("{mode: linear, scales: [1, 1, 2, 2]}"), [1, 4, 7, 9]),
            OperatorCase(try op("{mode: linear, scales: [1.7, 0.6], axes: [2, 3]}"), [1, 4, 9, 13]),
            OperatorCase(
                try op("{mode: linear, scales: [0.3, 0.45], axes: [-2, -1], antialias: true}"), [1, 2, 23, 19]),
            OperatorCase(
                try op("{mode: linear, sizes: [5, 23], axes: [3, 2], coordinates: align_corners}"), [1, 2, 8, 9]),
            OperatorCase(try op("{mode: cubic, scales: [1, 1, 2.5, 1.3]}"), [1, 3, 6, 7]),
            OperatorCase(
                try op("{mode: cubic, scales: [1, 1, 0.4, 0.7], antialias: true, exclude_outside: true}"),
                [1, 3, 17, 11]),
            OperatorCase(
                try op("{mode: cubic, scales: [1, 1, 0.7, 1.9], coordinates: half_pixel_symmetric}"), [1, 2, 9, 8]),
            OperatorCase(
                try op(
                    "{mode: linear, sizes: [9, 8], axes: [2, 3], coordinates: tf_crop_and_resize, extrapolation: 7, region: [0.2, -0.3, 0.7, 1.4]}"
                ), [1, 2, 7, 6]),
            OperatorCase(
                try op(
                    "{sizes: [9, 8], axes: [2, 3], coordinates: tf_crop_and_resize, extrapolation: 7, region: [0.2, -0.3, 0.7, 1.4]}"
                ), [1, 2, 7, 6], types: [.i16]),
            OperatorCase(
                try op("{mode: linear, sizes: [9, 8], axes: [2, 3], aspect: not_larger}"), [1, 2, 7, 5]),
            OperatorCase(try op("{mode: linear, scales: [1, 1, 1.5]}"), [2, 3, 9], tilings: [[2], [3], [100]]),
            OperatorCase(
                try op("{mode: linear, scales: [1, 1, 1.5, 2, 0.5]}"), [1, 2, 4, 3, 6],
                tilings: [[2, 2, 2], [9, 9, 9]]),
            OperatorCase(try op("{mode: cubic, scales: [2, 0.5, 1.5, 1]}"), [2, 6, 4, 3]),
            OperatorCase(try op("{scales: [2]}"), [5], types: [.u8]),
            OperatorCase(try op("{scales: [2, 1.5]}"), [3, 4], types: [.bool]),
            OperatorCase(try op("{mode: linear, scales: [1, 1, 2, 2]}"), [1, 2, 3, 4], types: [.f16]),
            OperatorCase(try op("{mode: linear, scales: [1, 1, 2, 2]}"), [1, 2, 3, 4], types: [.f64]),
        ])
    }

    @Test(
        "0.4 and 1.7 times the row 1, 2, 4, 8, 16, 3, as ONNX's own evaluator gives it",
        arguments: [
            (
                "{mode: nearest, coordinates: half_pixel}",
                [2, 8],
                [1, 1, 2, 4, 4, 8, 8, 16, 16, 3]
            ),
            (
                "{mode: nearest, coordinates: half_pixel_symmetric}",
                [2, 16],
                [1, 1, 2, 4, 4, 8, 8, 16, 3, 3]
            ),
            (
                "{mode: nearest, coordinates: pytorch_half_pixel}",
                [2, 8],
                [1, 1, 2, 4, 4, 8, 8, 16, 16, 3]
            ),
            (
                "{mode: nearest, coordinates: align_corners}",
                [1, 16],
                [1, 2, 2, 4, 4, 8, 8, 16, 16, 3]
            ),
            (
                "{mode: nearest, coordinates: asymmetric}",
                [1, 4],
                [1, 2, 2, 4, 4, 8, 16, 16, 3, 3]
            ),
            (
                "{mode: linear, coordinates: half_pixel}",
                [1.75, 10],
                [1, 1.3823529, 1.9705882, 3.1176469, 4.5882349, 6.9411759, 10.588235, 15.294117, 9.5000019, 3]
            ),
            (
                "{mode: linear, coordinates: half_pixel_symmetric}",
                [2.5, 14],
                [1, 1.4411765, 2.0588236, 3.2352941, 4.8235292, 7.1764708, 11.058824, 15.764706, 8.7352953, 3]
            ),
            (
                "{mode: linear, coordinates: pytorch_half_pixel}",
                [1.75, 10],
                [1, 1.3823529, 1.9705882, 3.1176469, 4.5882349, 6.9411759, 10.588235, 15.294117, 9.5000019, 3]
            ),
            (
                "{mode: linear, coordinates: align_corners}",
                [1, 12.571428],
                [1, 1.5434783, 2.173913, 3.2608695, 4.695652, 6.869565, 10.086956, 14.434782, 11.478263, 4.4130454]
            ),
            (
                "{mode: linear, coordinates: asymmetric}",
                [1, 6],
                [1, 1.5882353, 2.352941, 3.5294116, 5.4117646, 7.7647057, 12.235293, 14.47059, 6.8235312, 3]
            ),
            (
                "{mode: cubic, coordinates: half_pixel}",
                [1.5625, 10.691404],
                [
                    0.90262443, 1.2330173, 1.9357448, 2.8004067, 4.5495067, 6.2513628, 11.568268, 16.163094, 10.250003,
                    2.2848263,
                ]
            ),
            (
                "{mode: cubic, coordinates: half_pixel_symmetric}",
                [2.4179688, 15.699219],
                [
                    0.91976088, 1.2707758, 2.0636539, 2.8932133, 4.7201519, 6.544127, 12.265667, 16.091106, 9.2936382,
                    1.9568849,
                ]
            ),
            (
                "{mode: cubic, coordinates: pytorch_half_pixel}",
                [1.5625, 10.691404],
                [
                    0.90262443, 1.2330173, 1.9357448, 2.8004067, 4.5495067, 6.2513628, 11.568268, 16.163094, 10.250003,
                    2.2848263,
                ]
            ),
            (
                "{mode: cubic, coordinates: align_corners}",
                [1, 14.320699],
                [1, 1.3466082, 2.1747813, 2.9151859, 4.630064, 6.1709914, 10.820496, 15.952913, 12.590288, 4.2298107]
            ),
            (
                "{mode: cubic, coordinates: asymmetric}",
                [1, 5.437499],
                [1, 1.3852036, 2.3187468, 3.1960082, 5.0826392, 7.5057983, 13.9023, 15.27814, 6.9120698, 1.5711327]
            ),
        ] as [(String, [Float], [Float])])
    func coordinates(_ keys: String, _ smaller: [Float], _ larger: [Float]) throws {
        for (scale, expected) in [(0.4, smaller), (1.7, larger)] {
            var op = try op(keys)
            (op.axes, op.scales) = ([3], [scale])
            expectClose(try values(op), expected)
        }
    }

    @Test("which pixel is the nearest to one that lies in the middle")
    func rounding() throws {
        // Half as many: the positions are ½, 2½, 4½.
        for (rounding, expected) in [
            ("round_prefer_floor", [1, 4, 16]), ("round_prefer_ceil", [2, 8, 3]), ("floor", [1, 4, 16]),
            ("ceil", [2, 8, 3]),
        ] as [(String, [Float])] {
            #expect(try values(op("{scales: [0.5], axes: [3], rounding: \(rounding)}")) == expected)
        }
    }

    @Test("antialiasing averages over all pixels, and pixels outside may be excluded, as ONNX's own evaluator has it")
    func antialias() throws {
        func values(_ keys: String) throws -> [Float] { try self.values(op("{axes: [3], \(keys)}")) }
        expectClose(try values("mode: linear, scales: [0.4], antialias: true"), [2.24, 8.6])
        expectClose(
            try values("mode: linear, scales: [0.4], antialias: true, exclude_outside: true"), [2.409091, 8.6])
        expectClose(try values("mode: cubic, scales: [0.4], antialias: true"), [1.653199, 9.608001])
        expectClose(
            try values("mode: cubic, scales: [0.4], antialias: true, exclude_outside: true"), [1.699357, 9.064426])
        expectClose(
            try values("mode: cubic, scales: [1.7], cubic_coefficient: -0.5, exclude_outside: true"),
            [0.922920, 1.246309, 1.955914, 2.925491, 4.444356, 6.603421, 11.035604, 16.050106, 9.588238, 2.495409])
    }

    @Test("a cropped region, and what lies beyond the input")
    func crop() throws {
        let keys = "{mode: linear, axes: [3], coordinates: tf_crop_and_resize, extrapolation: 9,"
        expectClose(try values(op("\(keys) sizes: [4], region: [0.2, 1.3]}")), [2, 7.333333, 7.333337, 9])
        expectClose(try values(op("\(keys) sizes: [1], region: [0.2, 0.8]}")), [6])
        #expect(try values(op("\(keys) sizes: [2], region: [1e308, -1e308]}")) == [9, 9])
    }

    @Test("with one scale for all axes, sizes are rounded to the nearest")
    func aspect() throws {
        func shape(_ aspect: String) throws -> Shape {
            try op("{sizes: [7, 8], axes: [2, 3], aspect: \(aspect)}").outputShapes(for: [[1, 1, 3, 5]])[0]
        }
        #expect(try shape("stretch") == [1, 1, 7, 8])
        #expect(try shape("not_larger") == [1, 1, 5, 8])
        #expect(try shape("not_smaller") == [1, 1, 7, 12])
    }

    @Test("scales, sizes and the region may come as inputs, and empty ones stand for none")
    func inputs() throws {
        var graph = Graph()
        let x = try graph.addInput("x", shape: SymbolicShape([1, 1, 2, 2] as Shape))
        let none = try graph.addNode("none", Constant(Tensor([], shape: [0])), inputs: [])
        var sizes = Constant()
        (sizes.type, sizes.values) = (.i64, [1, 1, 4, 6])
        let target = try graph.addNode("sizes", sizes, inputs: [])
        var chosen = Resize()
        chosen.inputs = ["x", "sizes"]
        try graph.addOutput("all", graph.addNode("all", Resize(), inputs: [x, none, none, target]))
        try graph.addOutput("some", graph.addNode("some", chosen, inputs: [x, target]))
        let bound = try BoundGraph(graph, inputs: [:]) { _, specification in
            try Tensor(zeros: specification.shape, elementType: specification.elementType)
        }
        #expect(bound.graph.outputs.map { bound.shapes[$0.value] } == [[1, 1, 4, 6], [1, 1, 4, 6]])
        #expect(bound.graph.nodes.count == 2)
    }

    @Test("what cannot be is refused")
    func badConfigurations() throws {
        func shape(_ keys: String, _ input: Shape = [1, 1, 4, 4]) throws -> Shape {
            try op(keys).outputShapes(for: [input])[0]
        }
        expectError(.invalidArgument, "found neither") { try shape("{}") }
        expectError(.invalidArgument, "found both") { try shape("{sizes: [1], scales: [1]}") }
        expectError(.shapeMismatch, "'scales' expects 4") { try shape("{scales: [1, 2]}") }
        expectError(.invalidArgument, "above 0") { try shape("{scales: [1, 1, 0, 1]}") }
        expectError(.invalidArgument, "above 0") { try shape("{scales: [1, 1, .nan, 1]}") }
        expectError(.invalidArgument, "from 0") { try shape("{sizes: [1, 1, -1, 1]}") }
        expectError(.invalidArgument, "twice") { try shape("{sizes: [1, 1], axes: [3, -1]}") }
        expectError(.invalidArgument, "region") {
            try shape("{sizes: [1], axes: [3], coordinates: tf_crop_and_resize}")
        }
        expectError(.invalidArgument, "antialias") { try shape("{sizes: [1], axes: [3], antialias: true}") }
        expectError(.outOfMemory) { try shape("{scales: [1e30], axes: [3]}") }
        expectError(.shapeMismatch, "without elements") { try shape("{sizes: [1], axes: [3]}", [1, 1, 4, 0]) }
        expectError { try shape("{sizes: [3, 3], axes: [2, 3], aspect: not_smaller}", [1, 1, 4, 0]) }
        expectError(.shapeMismatch, "'part'") { try shape("{sizes: [3], axes: [3], part: [1]}") }
        expectError(.shapeMismatch, "'part'") { try shape("{sizes: [3], axes: [0], part: [4, 1, 0, 9]}", [3]) }
        #expect(try shape("{scales: [0.1], axes: [3]}") == [1, 1, 4, 0])
    }

    private func op(_ text: String) throws -> Resize {
        try Resize(configuration: YAMLReader.parse(text, file: "resize"))
    }

    private func values(_ op: Resize) throws -> [Float] {
        let x = try Tensor([1, 2, 4, 8, 16, 3], shape: [1, 1, 1, 6])
        return try op.forward([x], parameters: [:])[0].floats()
    }

    private func expectClose(
        _ found: [Float], _ expected: [Float], sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) {
        #expect(found.count == expected.count, sourceLocation: sourceLocation)
        for (a, b) in zip(found, expected) { #expect(abs(a - b) < 2e-5, "\(found)", sourceLocation: sourceLocation) }
    }
}
