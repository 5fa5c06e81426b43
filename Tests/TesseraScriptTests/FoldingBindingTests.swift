import Foundation
import Tessera
import TesseraScript
import Testing

@Suite struct FoldingBindingTests {
    private let folder: NetworkFolder

    init() throws {
        folder = try NetworkFolder()
        try folder.write(
            "norm.yaml",
            """
            tessera: 1
            name: norm
            inputs: {image: {shape: [1, 1, height, width]}}
            weights: {random: 7}
            layers:
              - conv: {name: a, channels: 4, kernel: 3, padding: same}
              - batch_norm: {name: n}
              - relu: {name: b}
            outputs: [b]
            """)
    }

    @Test func aNetworkFoldsRunsFoldedAndIsSaved() async throws {
        let results = try await folder.run(
            """
            local net = tessera.network(folder .. '/norm.yaml')
            local folded = net:fold()
            local x = tessera.tensor{shape = {1, 1, 8, 8}, random = 1}
            local written, out = net:run{image = x, fold = false}, net:run(x)
            folded:save(folder .. '/out')
            local again = tessera.network(folder .. '/out/network.yaml')
            local options = {nodes = 2, inputs = {image = x}}
            local deployed = net:deploy(options)
            options.fold = false
            return #net.layers, #folded.layers, out == folded:run(x), out == again:run(x), out == net:run(x),
              written:difference(out) < 1e-5, deployed == out, net:deploy(options) == written
            """)
        #expect(results.values == [3, 2, true, true, true, true, true, true])
        let refused = await folder.failure(
            "local net = tessera.network(folder .. '/norm.yaml'); net:save(folder .. '/out'); net:save(folder .. '/out')"
        )
        #expect(refused?.message.contains("force = true replaces it") == true, "\(String(describing: refused))")
        _ = try await folder.run("tessera.network(folder .. '/norm.yaml'):save(folder .. '/out', {force = true})")
    }

    @Test func rangesNameTheLayersThatHalfPrecisionCannotHold() async throws {
        let results = try await folder.run(
            """
            local net = tessera.network(folder .. '/norm.yaml')
            local small = tessera.tensor{shape = {1, 1, 2, 2}, fill = 0.5}
            local large = tessera.tensor{shape = {1, 1, 2, 2}, fill = 1e7}
            local first = net:ranges{calibrate = {small, {image = small}}}
            local layers = net:ranges{calibrate = {small, large}, fold = false}
            return #first, first[1].name, first[1].kind, first[1].verdict, #layers, layers[1].verdict, layers[2].variance > 0.5
            """)
        #expect(results.values == [2, "a", "conv", "fits", 3, "overflow", true])
    }

    @Test(
        "Misused, they say what was expected",
        arguments: [
            ("net:ranges{}", "missing option 'calibrate'"), ("net:ranges{calibrate = {}}", "an empty list"),
            ("net:ranges{calibrate = {'nowhere.npy'}}", "element 1"), ("net:fold(1)", "fold"),
            ("net:ranges{calibrate = {tessera.tensor{shape = {1, 1, 2, 2}}}, headroom = 0}", "headroom"),
            (
                "net:run{image = tessera.tensor{shape = {1, 1, 2, 2}}, fold = 1}",
                "option 'fold': expected true or false, got a number"
            ),
        ])
    func misuse(source: String, message: String) async throws {
        let error = await folder.failure("local net = tessera.network(folder .. '/norm.yaml')\n" + source)
        #expect(error?.description.contains(message) == true, "\(source): \(String(describing: error))")
    }
}
