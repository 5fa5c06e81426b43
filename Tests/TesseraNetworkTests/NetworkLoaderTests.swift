import Foundation
import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@testable import TesseraNetwork

@Suite struct NetworkLoaderTests {
    private func load(_ text: String) throws -> Network {
        try NetworkLoader(operators: .builtin).load(text: text, file: "nets/n.yaml")
    }

    /// A network of the given layers, which begin at line 4.
    private func network(_ layers: String, outputs: String = "[end]") -> String {
        """
        tessera: 1
        inputs: {image: {shape: [1, 1, height, width]}}
        layers:
        \(layers)
        outputs: \(outputs)
        """
    }

    @Test(
        "names of layers that other frameworks use are known",
        arguments: [
            ("silu", "unknown layer 'silu', which is called 'swish' here"),
            ("Conv2d: {channels: 3}", "unknown layer 'Conv2d', which is called 'conv' here"),
            ("dropout: 0.5", "unknown layer 'dropout': leave it out"), ("rely", "did you mean 'relu'?"),
        ])
    func namesElsewhere(layer: String, message: String) {
        expectError(.notFound, message) { try load(network("- \(layer)\n- relu: {name: end}")) }
    }

    @Test("every name that is known from elsewhere stands for an operator")
    func namesElsewhereExist() throws {
        for name in ["dense", "upsample", "pixel_shuffle", "AvgPool2d", "ConvTranspose3d", "Permute", "lrn"] {
            let hint = try #require(hintForNameElsewhere(name))
            let ours = hint.split(separator: "'")[1]
            #expect(Registry<any Operator>.builtin.names.contains(String(ours)), "\(name)\(hint)")
        }
    }

    @Test func layersReadTheOneBeforeThemUnlessTheySayOtherwise() throws {
        let network = try load(
            network(
                """
                - conv: {name: a, channels: 4, kernel: 3, padding: same}
                - relu
                - leaky_relu: 0.2
                - relu:
                - add: {name: end, from: [relu1, relu2]}
                """))
        let graph = network.graph
        #expect(graph.nodes.map(\.name) == ["a", "relu1", "leaky_relu1", "relu2", "end"])
        #expect(
            graph.nodes.map { $0.inputs.map { graph.values[$0].name } } == [
                ["image"], ["a"], ["relu1"], ["leaky_relu1"], ["relu1", "relu2"],
            ])
        #expect(graph.nodes.map { $0.location?.line } == [4, 5, 6, 7, 8])
        #expect(network.name == "n")
        #expect(graph.outputs.map(\.name) == ["end"])
    }

    @Test func namesThatAreGivenAreNotGivenAgain() throws {
        let network = try load(network("- relu\n- relu: {name: relu2}\n- relu\n- relu: {name: end}"))
        #expect(network.graph.nodes.map(\.name) == ["relu1", "relu2", "relu3", "end"])
    }

    @Test func repetitionsAreWrittenOut() throws {
        let network = try load(
            network(
                """
                - repeat: {count: 2, index: s, start: 1, with: {c: [8, 16], first: [1, 2]}}
                  layers:
                    - repeat: {count: 2, index: b, with: {stride: ["{first}", 1]}}
                      layers:
                        - conv: {name: "layer{s}.{b}.conv", channels: "{c * (b + 1) - 2 * 2 / 4}", kernel: 1, stride: "{stride}"}
                - relu: {name: end}
                """))
        let convolutions = network.graph.nodes.compactMap { $0.op as? Conv }
        #expect(
            network.graph.nodes.dropLast().map(\.name) == [
                "layer1.0.conv", "layer1.1.conv", "layer2.0.conv", "layer2.1.conv",
            ])
        #expect(convolutions.map(\.channels) == [7, 15, 15, 31])
        #expect(convolutions.map { $0.stride == 2 } == [false, false, true, false])
    }

    @Test func aLoneVariableKeepsItsType() throws {
        let network = try load(
            network(
                """
                - repeat: {count: 2, with: {name: [p, end], axes: [[2], [2, 3]], steps: [[2], [1, 3]]}}
                  layers:
                    - slice: {name: "{name}", axes: "{axes}", steps: "{ steps }"}
                """))
        #expect(network.graph.nodes.map { ($0.op as? Slice)?.steps } == [[2], [1, 3]])
    }

    @Test(
        "what is wrong is said at its place",
        arguments: [
            ("- cnv: {channels: 1}", "nets/n.yaml:4:3: unknown layer 'cnv', did you mean 'conv'?"),
            ("- conv: {name: c, chanels: 1}", "nets/n.yaml:4:19: c: unknown key 'chanels', did you mean 'channels'?"),
            (
                "- conv: {name: c, channels: x, kernel: 3}",
                "nets/n.yaml:4:29: c.channels: expected an integer, found 'x'"
            ),
            (
                "- relu\n- add: {from: [image, relo1]}",
                "nets/n.yaml:5:23: add1: unknown layer or input 'relo1', did you mean"
            ),
            (
                "- add: {from: [image, b]}\n- relu: {name: b}",
                "nets/n.yaml:4:23: add1: expected an input or a layer before this one, found 'b' at line 5"
            ),
            ("- relu: {name: a}\n- relu: {name: a}", "nets/n.yaml:5:3: a: the name 'a' is used twice, first at line 4"),
            ("- relu: {name: image}", "the name 'image' is used twice, first at line 2"),
            ("- add: {from: image, name: [x]}", "name: expected a string"),
            ("- 3", "nets/n.yaml:4:3: expected a layer, such as"),
            ("- conv:\n  channels: 3", "nets/n.yaml:4:3: expected a layer, such as"),
            (
                "- conv: {channels: 1}\n  layers: [relu]",
                "'layers:' goes beside 'repeat:' or 'when:', found it beside 'conv:'"
            ),
            ("- repeat: {count: 2}", "nets/n.yaml:4:3: expected 'layers:' beside 'repeat:'"),
            (
                "- repeat: {cout: 2}\n  layers: [relu]",
                "nets/n.yaml:4:12: repeat: unknown key 'cout', did you mean 'count'?"
            ),
            (
                "- repeat: {count: 2, with: {c: [1]}}\n  layers: [relu]",
                "nets/n.yaml:4:32: repeat.with.c: expected 2 values, one for each time, found 1"
            ),
            (
                "- repeat: {count: 2}\n  layers: [relu: {name: same}]",
                "nets/n.yaml:5:12: same: the name 'same' is used twice: give each repetition its own"
            ),
            (
                "- repeat: {count: 2, index: stage}\n  layers: [relu: {name: \"r{stge}\"}]",
                "nets/n.yaml:5:25: unknown variable 'stge', did you mean 'stage'?"
            ),
            ("- repeat: {count: 2, index: i}\n  layers: [relu: {name: \"r{i/0}\"}]", "in '{i/0}': division by zero"),
            (
                "- repeat: {count: 2, index: i}\n  layers: [relu: {name: \"r{i +}\"}]",
                "in '{i +}': expected a number or a variable, found the end"
            ),
            ("- repeat: {count: 2, index: i}\n  layers: [relu: {name: \"r{(i\"}]", "expected '}' after '{'"),
            (
                "- repeat: {count: 2, index: c}\n  layers: [conv: {channels: {c}, kernel: 1}]",
                "nets/n.yaml:5:29: expected \"{c}\" in quotes"
            ),
            ("- relu: {name: \"r{i}\"}", "unknown variable 'i'; variables come from 'repeat'"),
            (
                "- repeat: {count: 3000000, index: i}\n  layers: []",
                "expected at most 100000 repetitions, conditions and blocks, found more"
            ),
            ("- relu", "nets/n.yaml:5:11: outputs: unknown layer 'end'"),
        ])
    func wrong(layers: String, message: String) {
        expectError(nil, message) { try load(network(layers)) }
    }

    @Test(
        arguments: [
            ("", "expected a network file that begins with 'tessera: 1', found nothing"),
            ("[1]", "n.yaml:1:1: expected a network file that begins with 'tessera: 1'"),
            ("layers: []", "expected a network file with 'tessera: 1', found no version"),
            ("tessera: 2", "n.yaml:1:10: tessera: expected version 1 of the format, found 2"),
            ("tessera: 1\nlayer: []", "n.yaml:2:1: unknown key 'layer', did you mean 'layers'?"),
            ("tessera: 1", "expected 'inputs:' in the network file, found none"),
            ("tessera: 1\ninputs: {}\noutputs: [a]", "inputs: expected at least one input"),
            ("tessera: 1\ninputs: {x: {shape: [1, 0]}}", "n.yaml:2:25: inputs.x.shape: expected a size of at least 1"),
            (
                "tessera: 1\ninputs: {x: {shap: [1, 0]}}",
                "n.yaml:2:14: inputs.x: unknown key 'shap', did you mean 'shape'?"
            ),
            (
                "tessera: 1\ninputs: {x: {shape: [1]}}\noutputs: [x]\nlayers: 3",
                "n.yaml:4:9: layers: expected a list of layers"
            ),
            (
                "tessera: 1\ninputs: {x: {shape: [1]}, y: {shape: [1]}}\noutputs: [relu1]\nlayers: [relu]",
                "the first layer needs 'from:'"
            ),
            (
                "tessera: 1\ninputs: {x: {shape: [1]}}\noutputs: [relu1, relu1]\nlayers: [relu]",
                "n.yaml:3:18: outputs: output 'relu1' is declared twice"
            ),
            (
                "tessera: 1\ninputs: {x: {shape: [1]}}\noutputs: [x]\nlayers: []\nweights: {random: a}",
                "n.yaml:5:19: weights.random: expected an integer"
            ),
        ])
    func wrongFile(text: String, message: String) {
        expectError(nil, message) { try load(text) }
    }

    @Test("inputs have types, constants read nothing, and layers with several outputs are read by output")
    func typesAndOutputs() throws {
        let text = """
            tessera: 1
            inputs:
              ids: {shape: [1, n], type: i64}
              x: {shape: [1, 4]}
            layers:
              - constant: {name: c, values: [1, 2, 3, 4]}
              - add: {name: sum, from: [x, c.output]}
              - relu: {from: sum.output}
            outputs: {y: relu1.output, ids: ids}
            """
        let network = try load(text)
        #expect(network.graph.inputs.map(\.elementType) == [.i64, .f32])
        #expect(
            network.graph.nodes.map { $0.inputs.map { network.graph.values[$0].name } } == [[], ["x", "c"], ["sum"]])
        let again = try load(network.fileText())
        #expect(again.graph.inputs.map(\.elementType) == [.i64, .f32])
        #expect(again.graph.nodes.map(\.inputs) == network.graph.nodes.map(\.inputs))
        expectError(.invalidArgument, "inputs.x.type: expected one of f64, f32", "found 'f31'") {
            try load(text.replacingOccurrences(of: "x: {shape", with: "x: {type: f31, shape"))
        }
    }

    @Test func independentMistakesAreReportedTogether() {
        expectError(
            nil, "n.yaml:4:3: unknown layer 'cnov'", "\nnets/n.yaml:6:10: relu: unknown key 'slope'",
            "\nnets/n.yaml:7:34: max_pool.kernel: "
        ) {
            try load(network("- cnov\n- relu\n- relu: {slope: 1}\n- max_pool: {stride: 2, kernel: [a]}"))
        }
    }

    @Test("mistakes in every section are reported together, in the order of the file")
    func mistakesInAllSections() {
        let text = """
            tessera: 1
            nmae: x
            inputs:
              a: {shpe: [1, 1, 4, 4]}
              b: {shape: [1, 1, 4, 4], scael: 2}
            blocks:
              broken: {layer: []}
              wrong: {layers: [cnov]}
            weights: {rndom: 1}
            layers:
              - broken
              - wrong: {name: w}
              - conv: {name: c, from: a, channels: 1, kernel: 3, strde: 2}
              - subtract: {name: d, from: [c, a, b]}
              - relu: {name: e, from: dd}
            outputs: {x: {from: d, mena: 1}, y: nothing, z: e}
            """
        do {
            _ = try load(text)
            Issue.record("expected an error")
        } catch {
            let lines = "\(error)".split(separator: "\n").map(String.init)
            let expected = [
                "n.yaml:2:1: unknown key 'nmae', did you mean 'name'?",
                "n.yaml:4:7: inputs.a: unknown key 'shpe', did you mean 'shape'?",
                "n.yaml:5:28: inputs.b: unknown key 'scael', did you mean 'scale'?",
                "n.yaml:7:12: blocks.broken: unknown key 'layer', did you mean 'layers'?",
                "n.yaml:8:20: unknown layer 'cnov', did you mean 'conv'? (in block 'wrong', used at nets/n.yaml:12:5)",
                "n.yaml:9:11: weights: unknown key 'rndom', did you mean 'random'?",
                "n.yaml:13:54: c: unknown key 'strde', did you mean 'stride'?",
                "n.yaml:14:5: d: 'subtract' expects 2 inputs, found 3",
                "n.yaml:16:24: outputs.x: unknown key 'mena', did you mean 'mean'?",
            ]
            // 'dd' and 'nothing' may be what is missing with the blocks.
            #expect(lines.count == expected.count, "\(error)")
            for (line, expected) in zip(lines, expected) { #expect(line.hasSuffix(expected), "\(line)") }
        }
    }

    @Test("unknown names are reported with the rest where nothing else can be meant")
    func unknownNames() {
        let layers = "- conv: {name: c, kernel: 1}\n- relu: {name: r, from: x}\n- add: {from: [c, r]}"
        expectError(
            nil, "n.yaml:4:9: c: missing key 'channels'", "\nnets/n.yaml:5:25: r: unknown layer or input 'x'",
            "\nnets/n.yaml:7:11: outputs: unknown layer 'adds', did you mean"
        ) { try load(network(layers, outputs: "[adds]")) }
    }

    @Test func aMistakeInsideARepetitionIsReportedOnce() throws {
        let text = network("- repeat: {count: 5}\n  layers: [cnov, rleu]")
        do {
            _ = try load(text)
            Issue.record("expected an error")
        } catch let error as TesseraError {
            #expect(error.description.split(separator: "\n").count == 2, "\(error)")
        }
    }

    @Test func variablesThatGrowWithoutBoundAreRefused() {
        var layers = "- repeat: {count: 1, with: {v0: [[1, 1]]}}\n  layers:\n"
        for level in 1...25 {
            let indent = String(repeating: "  ", count: level)
            layers +=
                "\(indent)- repeat: {count: 1, with: {v\(level): [[\"{v\(level - 1)}\", \"{v\(level - 1)}\"]]}}\n\(indent)  layers:\n"
        }
        layers += String(repeating: "  ", count: 26) + "- relu\n"
        expectError(.limitExceeded, "values in all layers") { try load(network(layers)) }
    }

    @Test func aNetworkOfTooManyLayersIsRefused() {
        let layers = "- repeat: {count: 60000, index: i}\n  layers: [relu, relu]"
        expectError(.limitExceeded, "nets/n.yaml:5:12: layers: expected a network of at most 100000 layers") {
            try load(network(layers))
        }
    }

    @Test func outputsAreNamedAfterLayersOrGivenNames() throws {
        let text = network("- relu: {name: a}\n- relu: {name: b}", outputs: "{first: a, b: , x: {from: b, scale: 1}}")
        let graph = try load(text).graph
        #expect(graph.outputs.map { "\($0.name)=\(graph.values[$0.value].name)" } == ["first=a", "b=b", "x=b"])
    }
}
