import Foundation
import Tessera
import TesseraScript
import Testing

@Suite struct NetworkBindingTests {
    private let folder: NetworkFolder
    init() throws { folder = try NetworkFolder() }

    @Test func aNetworkRunsAsItDoesInSwift() async throws {
        let network = try NetworkLoader(operators: .builtin).load(folder.path + "/small.yaml")
        let input = try Tensor((0..<64).map { Float($0) / 64 }, shape: [1, 1, 8, 8])
        let session = try Session(network.bound(inputs: ["image": input.shape]), backend: ReferenceBackend())
        try NpyFile.write(input, to: folder.path + "/in.npy")
        try NpyFile.write(try #require(session.run(["image": input])["c"]), to: folder.path + "/expected.npy")

        let results = try await folder.run(
            """
            local net = tessera.network(folder .. '/small.yaml', {backend = 'reference'})
            local x, expected = tessera.load(folder .. '/in.npy'), tessera.load(folder .. '/expected.npy')
            local fast = tessera.network(folder .. '/small.yaml')
            return net:run{image = x} == expected, net:run(x) == expected, net:run(folder .. '/in.npy') == expected,
              fast:run(x):difference(expected) < 1e-5
            """)
        #expect(results.values == [true, true, true, true])
    }

    @Test func severalOutputsComeByName() async throws {
        let results = try await folder.run(
            """
            local net = tessera.network(folder .. '/double.yaml')
            local out = net:run{x = tessera.tensor{shape = {1, 1, 4, 4}, fill = 3}, y = tessera.tensor{shape = {1, 1, 4, 4}, fill = 1}}
            return out.sum:get(1, 1, 4, 4), out.difference:get(1, 1, 1, 1)
            """)
        #expect(results.values == [4.0, 2.0])
    }

    @Test func aNetworkSaysWhatItIs() async throws {
        let results = try await folder.run(
            """
            local net = tessera.network(folder .. '/small.yaml')
            return net.name, net.inputs, net.outputs, net.layers[1], tostring(net)
            """)
        #expect(
            results.values == [
                "small", ["image": [1, 1, "height", "width"]], ["c"],
                [
                    "name": "a", "kind": "conv", "options": ["channels": 4, "kernel": 3, "padding": "same"],
                    "inputs": ["image"],
                ],
                "network 'small': 4 layers, from image 1x1xheightxwidth to c",
            ], "\(results.values)")
    }

    @Test func picturesBecomeInputsAsTheNetworkDeclares() async throws {
        let picture = try Picture(width: 8, height: 6, channels: 1, pixels: (0..<48).map { UInt8($0 * 5) })
        try picture.write(to: folder.path + "/in.png")
        let results = try await folder.run(
            """
            local net = tessera.network(folder .. '/small.yaml')
            local values = {}
            for i = 1, 48 do values[i] = (i - 1) * 5 / 255 end
            local out = net:run(tessera.image(folder .. '/in.png'))
            return out == net:run(tessera.tensor{shape = {1, 1, 6, 8}, values = values}), out == net:run(folder .. '/in.png')
            """)
        #expect(results.values == [true, true])
    }

    @Test(
        "A misused network says what was expected",
        arguments: [
            ("tessera.network(folder .. '/broken.yaml')", "broken.yaml:4:5"),
            ("tessera.network('nowhere.yaml')", "nowhere.yaml"),
            (
                "tessera.network(folder .. '/small.yaml', {weigths = 'x'})",
                "unknown option 'weigths', did you mean 'weights'?"
            ),
            (
                "tessera.network(folder .. '/small.yaml', {threads = 0})",
                "option 'threads': expected 1 to 1024 threads, got 0"
            ),
            ("tessera.network(folder .. '/small.yaml', {backend = 'onednm'})", "did you mean 'onednn'?"),
            (
                "net:run{imge = tessera.tensor{shape = {1, 1, 8, 8}}}",
                "the network has no input 'imge', did you mean 'image'?"
            ),
            ("net:run{}", "input 'image' of shape 1x1xheightxwidth is missing"),
            ("net:run()", "input 'image': expected a tensor, an image or a path, got nothing"),
            ("net:run{image = 3}", "input 'image': expected a tensor, an image or a path, got a number"),
            ("net:run{image = tessera.tensor{shape = {1, 2, 8, 8}}}", "expected 1x1xheightxwidth, found 1x2x8x8"),
            ("net.run{image = 3}", "run: expected a network, got a table; a method is called with a colon"),
            ("net:runn{}", "a network has no 'runn', did you mean 'run'?"),
            ("double:run(tessera.tensor{shape = {1}})", "expected a table with the inputs x, y, got a tensor"),
            ("net:plan{}", "plan: missing option 'nodes' (how many nodes)"),
            ("net:plan{nodes = 2}", "input 'image' of shape 1x1xheightxwidth is missing"),
            ("net:plan{nodes = 0, inputs = {1, 1, 8, 8}}", "expected 1 to 4096 nodes, found 0"),
            (
                "net:plan{nodes = 2, strategy = 'fused_grid'}",
                "unknown partition strategy 'fused_grid', did you mean 'fused-grid'?"
            ),
            ("net:plan{nodes = 2, stratgy = 'vertical'}", "unknown option 'stratgy', did you mean 'strategy'?"),
            (
                "net:plan{nodes = 2, strategy = 'fused-grid', tils = {1, 1}}",
                "unknown option 'tils', did you mean 'tiles'?"
            ),
            ("net:plan{nodes = 2, inputs = {1, 1, 8, 8}, up_to = 'd'}", "unknown layer or input 'd'"),
            (
                "net:plan{nodes = 2, inputs = {1, 1, 8, 8}}:svg(folder .. '/plan.txt')",
                "expected a path that ends in .svg"
            ),
        ])
    func misuse(source: String, message: String) async {
        let error = await folder.failure(
            "local net, double = tessera.network(folder .. '/small.yaml'), tessera.network(folder .. '/double.yaml')\n"
                + source)
        #expect("\(error as Any)".contains(message), "\(error as Any)")
        #expect(error?.location?.line == 2)
    }
}
