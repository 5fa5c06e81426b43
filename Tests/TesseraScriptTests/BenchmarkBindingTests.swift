import Tessera
import TesseraScript
import Testing

/// `net:bench`, and the precisions of `net:run` and `net:deploy`.
@Suite struct BenchmarkBindingTests {
    private let folder: NetworkFolder
    init() throws { folder = try NetworkFolder() }

    @Test func aNetworkIsMeasuredWithTheKeysOfTheCommand() async throws {
        let results = try await folder.run(
            """
            local net = tessera.network(folder .. '/small.yaml')
            local report = net:bench{seconds = 0, threads = 1, profile = true, inputs = {1, 1, 8, 8}}
            local names = {}
            for _, layer in ipairs(report.layers) do
              table.insert(names, layer.layer)
              for _, merged in ipairs(layer.merged) do table.insert(names, merged) end
            end
            table.sort(names)
            return report.network, report.runs, report.threads, report.precision,
              report.min_ms <= report.median_ms and report.median_ms <= report.p99_ms, names,
              net:bench{seconds = 0, inputs = {1, 1, 8, 8}}.layers == nil
            """)
        #expect(results.values == ["small", 3, 1, "f32", true, ["a", "b", "c", "p"], true], "\(results.values)")
    }

    @Test func precisionsAreThoseOfTheRuntime() async throws {
        let results = try await folder.run(
            """
            local net = tessera.network(folder .. '/double.yaml', {backend = 'reference'})
            local function tensor(value) return tessera.tensor{shape = {1, 1, 4, 4}, fill = value} end
            local x, y = tensor(1 + 1/256), tensor(0)
            local plain = net:run{x = x, y = y}
            local half = net:run{x = x, y = y, precision = 'bf16'}
            local mixed = net:run{x = x, y = y, precision = 'bf16', layer_precision = {difference = 'f32'}}
            return plain.sum:get(1, 1, 1, 1), half.sum:get(1, 1, 1, 1), mixed.sum:get(1, 1, 1, 1), mixed.difference:get(1, 1, 1, 1),
              net:bench{seconds = 0, precision = 'f16'}.precision
            """)
        #expect(results.values == [1.00390625, 1.0, 1.0, 1.00390625, "f16"], "\(results.values)")
    }

    @Test(
        "A misused option says what was expected",
        arguments: [
            ("net:bench{seconds = -1, inputs = {1, 1, 8, 8}}", "option 'seconds': expected 0 to"),
            ("net:bench{seconds = 0/0, inputs = {1, 1, 8, 8}}", "option 'seconds': expected 0 to"),
            ("net:bench{second = 1}", "unknown option 'second', did you mean 'seconds'?"),
            ("net:bench{}", "input 'image' has the open shape 1x1xheightxwidth"),
            ("net:bench{precision = 'f8'}", "option 'precision': expected one of f32, bf16, f16, found 'f8'"),
            ("net:run{image = folder .. '/x.npy', precision = 'f8'}", "option 'precision': expected one of"),
            ("net:run{image = 1, layer_precision = {d = 'f16'}}", "'d', which is no layer; there are: a, b, c, p"),
            (
                "net:deploy{nodes = 1, inputs = tessera.tensor{shape = {1, 1, 8, 8}}, layer_precision = {d = 'f16'}}",
                "'d', which is no layer"
            ),
        ])
    func misuse(source: String, message: String) async {
        let error = await folder.failure("local net = tessera.network(folder .. '/small.yaml')\n" + source)
        #expect("\(error as Any)".contains(message), "\(error as Any)")
    }
}
