import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@testable import TesseraNetwork

/// Blocks, and layers that are there under a condition.
@Suite struct BlockTests {
    private func load(_ text: String) throws -> Network {
        try NetworkLoader(operators: .builtin).load(text: text, file: "n.yaml")
    }

    /// `blocks` begin at line 4; then come `layers:` and the layers.
    private func network(blocks: String, layers: String) -> String {
        """
        tessera: 1
        inputs: {image: {shape: [1, 4, height, width]}}
        blocks:
        \(blocks)
        layers:
        \(layers)
        outputs: [end]
        """
    }

    /// Each layer as `name: operator(inputs)`.
    private func layers(of network: Network) -> [String] {
        network.graph.nodes.map { node in
            let inputs = node.inputs.map { network.graph.values[$0].name }.joined(separator: ", ")
            return "\(node.name): \(node.op.name)(\(inputs))"
        }
    }

    private let residual = """
          residual:
            params: {channels: , stride: 1}
            layers:
              - conv: {name: conv, channels: "{channels}", kernel: 3, stride: "{stride}", padding: 1}
              - relu
              - when: {condition: stride != 1, name: shortcut, from: input}
                layers:
                  - conv: {name: 0, channels: "{channels}", kernel: 1, stride: "{stride}"}
              - add: {from: [relu1, shortcut]}
              - relu
        """

    @Test("layers inside are named after the use, read inside first, and the last one is what the block gives")
    func uses() throws {
        let network = try load(
            network(
                blocks: residual,
                layers: """
                      - residual: {name: a.0, channels: 4}
                      - residual: {channels: 8, stride: 2}
                      - add: {name: end, from: [residual1, residual1.conv]}
                    """))
        #expect(
            layers(of: network) == [
                "a.0.conv: conv(image)", "a.0.relu1: relu(a.0.conv)", "a.0.add1: add(a.0.relu1, image)",
                "a.0.relu2: relu(a.0.add1)", "residual1.conv: conv(a.0.relu2)",
                "residual1.relu1: relu(residual1.conv)", "residual1.shortcut.0: conv(a.0.relu2)",
                "residual1.add1: add(residual1.relu1, residual1.shortcut.0)", "residual1.relu2: relu(residual1.add1)",
                "end: add(residual1.relu2, residual1.conv)",
            ])
        #expect(network.graph.nodes.compactMap { ($0.op as? Conv)?.channels } == [4, 8, 8])
        // Where a layer stands is in the block.
        #expect(network.graph.nodes[0].location?.line == 7)
    }

    @Test("a block may use others, hide outer variables, and have defaults that are expressions of what comes before")
    func nesting() throws {
        let network = try load(
            network(
                blocks: """
                      outer:
                        params: {width: 2, twice: "{width * 2}", names: [p, q]}
                        layers:
                          - repeat: {count: 2, index: i, with: {name: "{names}"}}
                            layers:
                              - inner: {name: "{name}{i}", channels: "{twice}"}
                      inner:
                        params: [channels]
                        layers: [{conv: {channels: "{channels}", kernel: 1}}]
                    """,
                layers: """
                      - repeat: {count: 1, index: channels, start: 9}
                        layers:
                          - outer
                          - outer: 5
                      - inner: {name: end, channels: 1}
                    """))
        #expect(
            network.graph.nodes.map(\.name) == [
                "outer1.p0.conv1", "outer1.q1.conv1", "outer2.p0.conv1", "outer2.q1.conv1", "end.conv1",
            ])
        #expect(network.graph.nodes.compactMap { ($0.op as? Conv)?.channels } == [4, 4, 10, 10, 1])
        #expect(network.graph.values[network.graph.outputs[0].value].name == "end.conv1")
    }

    @Test("several inputs have names of their own; those of the network are seen from inside")
    func inputs() throws {
        let network = try load(
            network(
                blocks: """
                      join:
                        inputs: [deep, skip]
                        layers:
                          - relu: {from: deep}
                          - concat: {from: [relu1, skip, image]}
                    """,
                layers: """
                      - relu: {name: a}
                      - relu: {name: relu1}
                      - join: {name: end, from: [relu1, a]}
                    """))
        #expect(
            layers(of: network).suffix(2) == ["end.relu1: relu(relu1)", "end.concat1: concat(end.relu1, a, image)"])
    }

    @Test("a condition picks layers, which read and are read as if the others were not there")
    func conditions() throws {
        let text = network(
            blocks: """
                  act:
                    params: {kind: relu, last: false}
                    layers:
                      - when: kind == 'relu'
                        layers: [relu]
                        else:
                          - when: kind == 'leaky' and not last
                            layers: [leaky_relu]
                      - when: "{last}"
                        layers: [softmax]
                """,
            layers: """
                  - act
                  - act: leaky
                  - act: {kind: none, last: true}
                  - act: none
                  - relu: {name: end}
                """)
        let network = try load(text)
        #expect(
            layers(of: network) == [
                "act1.relu1: relu(image)", "act2.leaky_relu1: leaky_relu(act1.relu1)",
                "act3.softmax1: softmax(act2.leaky_relu1)", "end: relu(act3.softmax1)",
            ])
    }

    @Test("a named condition is seen from around it, and sees what is around it")
    func namedConditions() throws {
        let network = try load(
            network(
                blocks: "  none: {layers: []}",
                layers: """
                      - relu: {name: a}
                      - when: {condition: 1 < 2, name: w, from: image}
                        layers: [{relu: {name: b}}, {add: {from: [b, a]}}]
                      - when: {condition: 1 > 2, name: v, from: w.b}
                        layers: [relu]
                      - none: {name: n, from: [image]}
                      - add: {name: end, from: [v, n]}
                    """))
        #expect(
            layers(of: network) == [
                "a: relu(image)", "w.b: relu(image)", "w.add1: add(w.b, a)", "end: add(w.b, image)",
            ])
    }

    @Test("double braces stand for braces")
    func escapes() throws {
        let text = network(blocks: "  b: {layers: []}", layers: "  - relu: {name: 'a{{1}}'}\n  - relu: {name: end}")
        #expect(try load(text).graph.nodes[0].name == "a{1}")
    }

    @Test(
        "what is wrong is said at its place in the block, with where the block is used",
        arguments: [
            (
                "  b: {layers: [relo]}", "- b",
                "n.yaml:4:16: unknown layer 'relo', did you mean 'relu'? (in block 'b', used at n.yaml:6:3)"
            ),
            (
                "  b: {layers: [c]}\n  c: {layers: [{conv: {chanels: 3}}]}", "- b",
                "n.yaml:5:24: conv: unknown key 'chanels', did you mean 'channels'? (in block 'c', used at n.yaml:4:16, in block 'b', used at n.yaml:7:3)"
            ),
            (
                "  b: {params: [n], layers: [{conv: {channels: '{n}', kernel: 1}}]}", "- b: {n: x}",
                "n.yaml:4:47: conv.channels: expected an integer, found 'x' (in block 'b', used at n.yaml:6:3)"
            ),
            (
                "  b: {layers: [{relu: {from: c}}]}", "- b: {name: x}",
                "n.yaml:4:30: x.relu1: unknown layer or input 'c'"
            ),
            ("  b: {params: [n], layers: [relu]}", "- b", "n.yaml:6:3: b: missing key 'n', a parameter of the block"),
            (
                "  b: {params: [n], layers: [relu]}", "- b: {name: x, m: 1}",
                "n.yaml:6:16: x: unknown key 'm'; there are: from, n, name"
            ),
            ("  b: {layers: [relu]}", "- b: 3", "n.yaml:6:6: b: expected nothing, or a map of keys, found 3"),
            ("  b: {layers: [b]}", "- b", "n.yaml:4:16: the block 'b' contains itself: b → b"),
            (
                "  a: {layers: [b]}\n  b: {layers: [a]}", "- relu\n- b",
                "n.yaml:4:16: the block 'b' contains itself: b → a → b (in block 'a', used at n.yaml:5:16, in block 'b', used at n.yaml:8:3)"
            ),
            ("  conv: {layers: [relu]}", "- conv", "n.yaml:4:3: blocks.conv: 'conv' is the name of a layer already"),
            ("  when: {layers: [relu]}", "- relu", "n.yaml:4:3: blocks.when: 'when' is the name of a layer already"),
            ("  b: {layer: [relu]}", "- b", "n.yaml:4:7: blocks.b: unknown key 'layer', did you mean 'layers'?"),
            ("  b: {layers: relu}", "- b", "n.yaml:4:15: blocks.b.layers: expected a list of layers, found 'relu'"),
            (
                "  b: {params: [name], layers: []}", "- b",
                "n.yaml:4:16: blocks.b.params: 'name' is a key of every layer"
            ),
            (
                "  b: {params: [n, n], layers: []}", "- b",
                "n.yaml:4:19: blocks.b.params: the parameter 'n' is declared twice"
            ),
            ("  b: {params: [or], layers: []}", "- b", "expected a variable's name of letters, digits and _"),
            ("  b: {params: 3, layers: []}", "- b", "n.yaml:4:15: blocks.b.params: expected a list of names, or a map"),
            ("  b: {inputs: [x, x], layers: []}", "- b", "blocks.b.inputs: expected different names"),
            ("  b: {inputs: [x, y], layers: [relu]}", "- b", "n.yaml:6:3: b1: 'b' expects 2 inputs (x, y), found 1"),
            (
                "  b: {inputs: [x, y], layers: [relu]}", "- b: {from: [image, image]}",
                "n.yaml:4:32: b1.relu1: the first layer needs 'from:', as there are several inputs: x, y"
            ),
            (
                "  b: {layers: [{relu: {name: input}}]}", "- b",
                "n.yaml:4:17: b1.input: the name 'b1.input' is used twice"
            ),
            (
                "  b: {layers: [relu]}", "- b: {name: x}\n- relu: {name: x.relu1}",
                "n.yaml:7:3: x.relu1: the name 'x.relu1' is used twice"
            ),
            (
                "  b: {layers: [relu]}", "- b: {name: x}\n- b: {name: x}",
                "n.yaml:7:3: x: the name 'x' is used twice, first at line 6"
            ),
            (
                "  b: {layers: [relu]}", "- repeat: {count: 2}\n  layers: [{b: {name: x}}]",
                "give each repetition its own"
            ),
            (
                "  b: {layers: [relu]}", "- when: 3\n  layers: [relu]",
                "n.yaml:6:9: when: expected a condition that is true or false, such as stride != 1, found 3"
            ),
            (
                "  b: {layers: [relu]}", "- when: stride\n  layers: [relu]",
                "n.yaml:6:9: when: unknown variable 'stride'"
            ),
            ("  b: {layers: [relu]}", "- when: true", "n.yaml:6:3: expected 'layers:' beside 'when:'"),
            ("  b: {layers: [relu]}", "- relu:\n  else: []", "'else:' goes beside 'when:', found it beside 'relu:'"),
            (
                "  b: {layers: [relu]}", "- when: {condition: true, from: image}\n  layers: []",
                "when: expected a 'name' beside 'from'"
            ),
            ("  b: {layers: [relu]}", "- bb", "n.yaml:6:3: unknown layer 'bb', did you mean 'b'?"),
            ("  3", "- relu", "n.yaml:4:3: blocks: expected a map of blocks, found 3"),
        ])
    func wrong(blocks: String, layers: String, message: String) {
        expectError(nil, message) { try load(network(blocks: blocks, layers: layers)) }
    }

    @Test("a mistake in a block that is used often is one mistake")
    func once() {
        let text = network(blocks: "  b: {layers: [relo]}", layers: "- repeat: {count: 9}\n  layers: [b]\n- rel")
        do {
            _ = try load(text)
            Issue.record("expected an error")
        } catch {
            #expect("\(error)".split(separator: "\n").count == 2, "\(error)")
        }
    }

    @Test("shapes that do not fit in a block are said with where the block is used, and so are missing weights")
    func binding() throws {
        let blocks = "  b: {layers: [c]}\n  c: {layers: [{conv: {name: x, channels: 1, kernel: 9}}]}"
        let network = try load(network(blocks: blocks, layers: "- b: {name: l.0}\n- relu: {name: end}"))
        let uses = "(in block 'c', used at n.yaml:4:16, in block 'b', used at n.yaml:7:3)"
        for bind in [{ try network.boundWithoutWeights(inputs: $0) }, { try network.bound(inputs: $0) }]
            as [([String: Shape]) throws -> BoundGraph]
        {
            expectError(.shapeMismatch, "n.yaml:5:17: l.0.c1.x: ", uses) { try bind(["image": [1, 4, 5, 5]]) }
        }
        expectError(.notFound, "n.yaml:5:17: l.0.c1.x: missing weight 'l.0.c1.x.weight'", uses) {
            try network.replacingWeights(.tensors([:])).bound(inputs: ["image": [1, 4, 9, 9]])
        }
    }

    @Test("blocks that use others twice, level by level, are refused before they take time")
    func growth() {
        var blocks = "  b0: {layers: []}"
        for level in 1...40 { blocks += "\n  b\(level): {layers: [b\(level - 1), b\(level - 1)]}" }
        expectError(.limitExceeded, "repetitions, conditions and blocks, found more") {
            try load(network(blocks: blocks, layers: "- b40"))
        }
        blocks = "  b0: {layers: []}"
        for level in 1...100 { blocks += "\n  b\(level): {layers: [b\(level - 1)]}" }
        expectError(.invalidArgument, "at most 64 blocks inside one another") {
            try load(network(blocks: blocks, layers: "- b100"))
        }
    }
}
