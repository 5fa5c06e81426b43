import Foundation
import Tessera
import TesseraScript
import Testing

@Suite struct EditingBindingTests {
    private let folder: NetworkFolder
    init() throws { folder = try NetworkFolder() }

    @Test(
        "Every example of the reference runs",
        arguments: ScriptLibrary.tessera().examples.map { ($0.name, $0.source) })
    func example(name: String, source: String) async throws {
        _ = try await folder.run(source)
    }

    @Test(
        "A tensor is indexed, reduced and computed with",
        arguments: [
            ("t[2]:values()", "{4.0, 5.0, 6.0}"), ("t[{2, 3}]", "6.0"), ("t[{{}, {2, 3}}]:shape()", "{2, 2}"),
            ("t[{{}, 1}]:values()", "{1.0, 4.0}"), ("t[{{2, 2}}]:shape()", "{1, 3}"), ("t:sum()", "21.0"),
            ("t:sum(1):values()", "{5.0, 7.0, 9.0}"), ("t:mean(2):values()", "{2.0, 5.0}"), ("t:max()", "6.0"),
            ("t:min(1):values()", "{1.0, 2.0, 3.0}"), ("(-t):argmax()", "1"),
            ("tessera.tensor{values = {1, 3, 2}}:argmax(1)", "2"),
            ("tessera.tensor{values = {1, 0 / 0, 7, 0 / 0, 2}}:argmax()", "2"), ("(t / 2)[{1, 1}]", "0.5"),
            ("(2 ^ t)[{2, 3}]", "64.0"), ("(1 / t)[{2, 1}]", "0.25"),
            ("t:map(function(x) return x * 10 end)[{1, 3}]", "30.0"),
            ("select(2, tessera.op('top_k', t, {k = 1})):values()", "{2, 2}"),
            ("tessera.op('concat', {t, t}, {axis = 0}):shape()", "{4, 3}"),
            // What changes nothing is no layer of a bound network.
            ("tessera.op('identity', t) == t", "true"), ("tessera.op('add', {t}) == t", "true"),
            ("tessera.op('reshape', t, {shape = {2, 3}}) == t", "true"),
            ("select('#', tessera.op('split', t, {axis = 0, parts = 1}))", "1"),
            (
                "tessera.op('softmax', t, {axis = 1, backend = 'reference'}):sum(2):difference(tessera.tensor{values = {1, 1}}) < 1e-6",
                "true"
            ),
        ])
    func tensor(expression: String, expected: String) async throws {
        let source = "local t = tessera.tensor{values = {{1, 2, 3}, {4, 5, 6}}} return \(expression)"
        #expect(try await folder.run(source).values.first?.description == expected)
    }

    @Test(
        "What cannot be says why",
        arguments: [
            ("t[3]", "axis 1: expected positions from 1 to 2 in a tensor of 2x3, got 3"),
            ("t[0]", "axis 1: expected a position from 1 to 2 in a tensor of 2x3, got 0"),
            ("t[{1, 2, 3}]", "expected 1 to 2 indices into a tensor of 2x3, got 3"),
            ("t[{{2, 1}}]", "axis 1: expected positions from 1 to 2"), ("t[1.5]", "expected an integer, got 1.5"),
            ("t.foo", "a tensor has no 'foo'"), ("t:sum(3)", "expected an axis from 1 to 2, got 3"),
            ("t:map(function() end)", "map: the function's result: expected a number, got nothing"),
            (
                "t / tessera.tensor{values = {1, 2}}",
                "/: expected inputs of equal shape, or 1 where they differ, found 2x3 and 2"
            ),
            ("t:argmax(0)", "argmax: expected an axis from 1 to 2, got 0"),
            ("t:transpose(1, 3)", "transpose: expected an axis from 1 to 2, got 3"),
            ("t:with(3, 0)", "axis 1: expected positions from 1 to 2 in a tensor of 2x3, got 3"),
            ("t:with(1, t)", "with: argument 2 (part): expected a tensor of 3, got 2x3"),
            ("t:with(1, 'x')", "with: argument 2 (part): expected a number, got a string"),
            ("(function() t[1] = 2 end)()", "tensor:with(index, part) gives a changed copy"),
            ("tessera.json.decode('{\"a\": 1,\\n  2}')", "expected JSON: Invalid value around character 11"),
            (
                "tessera.json.decode('[' .. ('[],'):rep(1 << 20) .. '[]]')",
                "'text' is too large for JSON: expected at most 1048576 values, found 1048578"
            ),
            ("tessera.op('cnv', t)", "unknown layer 'cnv', did you mean 'conv'?"),
            ("tessera.op('relu', t, {slope = 1})", "slope"),
            ("tessera.op('relu', {t, a = t})", "expected a list, got a table with the entry 'a'"),
            ("tessera.op('relu', t, {weights = {weight = t}})", "relu has no parameter 'weight'"),
            ("tessera.op('conv', t, {channels = 1, kernel = 3})", "conv"),
            ("tessera.network{inputs = {x = {shape = {1, 2}}}, layers = {{relux = {}}}, outputs = {'relux'}}", "relux"),
            ("tessera.network(5)", "network: argument 1 (source): expected a path or a table, got a number"),
            (
                "tessera.op('softmax', t, {axis = 2})",
                "expects an axis of an input with 2 axes, 0 to 1, or -2 to -1 from the end, found 2"
            ),
            ("tessera.json.encode{a = {b = {1, {c = print}}}}", "encode: a.b[2].c: expected numbers, text or tables"),
            ("tessera.json.encode{1, 0 / 0}", "expected numbers that JSON can write, got"),
            (
                "tessera.plot{path = folder .. '/x.svg', curves = {a = {{1, 1e308}, {2, -1e308}}}}",
                "from -1e300 to 1e300"
            ),
            (
                "tessera.arguments({a = {}}, {})",
                "arguments: option 'a': expected true, false, a number or text as the default, got a table"
            ),
            ("tessera.arguments({}, {a = 1})", "argument 2 (given): expected a list, got a table with the entry 'a'"),
            ("tessera.json.decode('{')", "expected JSON"), ("tessera.json.encode(print)", "got a function"),
            (
                "tessera.csv.save({{1}, {1, {}}}, folder .. '/x.csv')",
                "argument 1 (rows): [2][2]: expected text, a number or a boolean, got a table"
            ),
            ("tessera.csv.load(folder .. '/none.csv')", "cannot open"),
            (
                "tessera.plot{path = folder .. '/x.svg', curves = {a = {{1, 0 / 0}}}}",
                "option 'curves': a[1]: expected a point {x, y} of finite numbers"
            ),
            ("tessera.arguments({nodes = 1}, {'--nodes', 'x'})", "--nodes: expected an integer, found 'x'"),
            ("tessera.arguments({nodes = 1}, {'--node', '2'})", "unknown option '--node', did you mean 'nodes'?"),
            ("tessera.arguments({nodes = 1}, {'--nodes'})", "'--nodes' expects a value, found none"),
        ])
    func wrong(expression: String, message: String) async throws {
        let source = "local t = tessera.tensor{values = {{1, 2, 3}, {4, 5, 6}}} local x = \(expression)"
        let error = await folder.failure(source)
        #expect("\(try #require(error))".contains(message), "\(String(describing: error))")
    }

    @Test func whatJSONTakesIsWithinTheMemoryOfTheScript() async throws {
        var options = ScriptEngine.Options()
        options.memoryLimit = 64
        let error = await folder.failure("tessera.json.decode('[' .. ('[],'):rep(400000) .. '[]]')", options)
        #expect("\(try #require(error))".contains("the 400002 values of 'text' takes"))
        // Commas and brackets in text are no values.
        let results = try await folder.run(
            #"""
            local text = ('[,"'):rep(1 << 20)
            return tessera.json.decode('["' .. ('[,\\"'):rep(1 << 20) .. '", {}, [ ], {"a": 1}]')[1] == text
            """#, options)
        #expect(results.values == [true])
    }

    @Test func valuesThatAreRaisedPassThroughBindings() async throws {
        let results = try await folder.run(
            """
            local net = tessera.network(folder .. "/small.yaml")
            local function raise() error({code = 7}) end
            tessera.register.partition_strategy("raising", raise)
            tessera.register.saliency_metric("raising", raise)
            tessera.register.amount_rule("raising", raise)
            local t = tessera.tensor{shape = {2}}
            local codes = {}
            for i, call in ipairs{
              function() t:map(raise) end, function() net:plan{nodes = 2, strategy = "raising", inputs = {image = {1, 1, 8, 8}}} end,
              function() net:prune{metric = "raising", amount = {rule = "ratio", ratio = 0.5}, inputs = {image = {1, 1, 8, 8}}} end,
              function() net:prune{amount = "raising", inputs = {image = {1, 1, 8, 8}}} end,
            } do
              local caught = select(2, pcall(call))
              codes[i] = type(caught) == "table" and caught.code or caught
            end
            return codes
            """)
        #expect("\(results.values[0])" == "{7, 7, 7, 7}")
    }

    @Test func aNetworkOfATableIsThatOfTheSameFile() async throws {
        let results = try await folder.run(
            """
            local built = tessera.network{
              name = "small", inputs = {image = {shape = {1, 1, "height", "width"}}}, weights = {random = 7},
              layers = {
                {conv = {name = "a", channels = 4, kernel = 3, padding = "same"}}, {relu = {name = "b"}},
                {max_pool = {name = "p", kernel = 2}}, {conv = {name = "c", channels = 1, kernel = 3, padding = "same"}},
              },
              outputs = {"c"},
            }
            local read = tessera.network(folder .. "/small.yaml")
            local x = tessera.tensor{shape = {1, 1, 8, 8}, random = 1}
            local again = tessera.network(read:document(), {weights = read:weights()})
            built:export(folder .. "/small.onnx", {sizes = {height = 16}})
            local ok, wrong = pcall(built.export, built, folder .. "/wrong.onnx", {sizes = {hight = 16}})
            assert(not ok and wrong:find("the network leaves no size 'hight' open, did you mean 'height'?", 1, true), wrong)
            local onnx = tessera.network(folder .. "/small.onnx")
            return built:run(x) == read:run(x), again:run(x) == read:run(x), onnx:run(x) == read:run(x)
            """)
        let expected: [ScriptValue] = [true, true, true]
        #expect(results.values == expected)
    }

    @Test(
        "What is a number stays one, and what is text stays text",
        arguments: [
            "12", "-0.5", "1e3", "0", "1e-300", "\"12\"", "\"0x10\"", "\"007\"", "\"-\"", "\"\"", "\"1e999\"",
            "\"nan\"", "\"+1\"",
        ])
    func fields(literal: String) async throws {
        let results = try await folder.run(
            """
            tessera.csv.save({{\(literal), "x"}}, folder .. "/field.csv")
            local field = tessera.csv.load(folder .. "/field.csv")[1][1]
            return math.type(field) == math.type(\(literal)), field == \(literal)
            """)
        let expected: [ScriptValue] = [true, true]
        #expect(results.values == expected)
    }

    @Test func numbersOfOtherProgramsAreRead() async throws {
        let text = "7,007,0x10,\"7\",1.50,-3e2,+1,1_000\n"
        try text.write(toFile: folder.path + "/other.csv", atomically: true, encoding: .utf8)
        let row = try await folder.run("return table.unpack(tessera.csv.load(folder .. '/other.csv')[1])").values
        let expected: [ScriptValue] = [7, "007", "0x10", "7", 1.5, -300.0, "+1", "1_000"]
        #expect(row == expected)
    }

    @Test func largeNumbersAreNumbersInJSON() async throws {
        let text = try await folder.run("return tessera.json.encode{1e100, 2.5, 3}").values.first?.description ?? ""
        #expect(!text.contains("$number"))
        let back = try await folder.run("return tessera.json.decode(tessera.json.encode{1e100})[1] == 1e100").values
        #expect(back == [true])
    }

    @Test func optionsMayHaveHyphens() async throws {
        let results = try await folder.run(
            "local o = tessera.arguments({['max-nodes'] = 1, min_nodes = 1}, {'--max-nodes', '4', '--min-nodes=2'}) "
                + "return o['max-nodes'], o.min_nodes")
        let expected: [ScriptValue] = [4, 2]
        #expect(results.values == expected)
    }

    @Test func integersAreExact() async throws {
        let large = 1 << 53 + 1
        let tensor = try Tensor(integers: [Int64(large), -5, Int64.max], shape: [3])
        try NpyFile.write(tensor, to: folder.path + "/large.npy")
        let results = try await folder.run(
            """
            local t = tessera.load(folder .. "/large.npy")
            return t:get(1), t[2], t:values()[3], t:max(), t:min(), t:argmax(), t:mean() > 3e18
            """)
        let expected: [ScriptValue] = [.integer(large), -5, .integer(.max), .integer(.max), -5, 3, true]
        #expect(results.values == expected)
    }

    @Test func valuesGoThroughFiles() async throws {
        let results = try await folder.run(
            #"""
            local value = {list = {1, 2.5, "x"}, flag = true, nested = {a = {b = 1}}}
            tessera.json.save(value, folder .. "/value.json")
            local back = tessera.json.load(folder .. "/value.json")
            local rows = {{"name", "with \"quotes\", and\nlines"}, {1, -2.5}, {"1x", "007"}}
            tessera.csv.save(rows, folder .. "/rows.csv")
            local read = tessera.csv.load(folder .. "/rows.csv")
            tessera.plot{path = folder .. "/plot.svg", title = "a < b", x = "n", curves = {one = {{1, 2}, {2, 4}}}}
            return back.list[2], back.flag, back.nested.a.b, read[1][2], read[2][2], read[3][1], read[3][2],
              tessera.yaml.load(folder .. "/small.yaml").name
            """#)
        let expected: [ScriptValue] = [2.5, true, 1, "with \"quotes\", and\nlines", -2.5, "1x", "007", "small"]
        #expect(results.values == expected)
        let svg = try String(contentsOfFile: folder.path + "/plot.svg", encoding: .utf8)
        #expect(svg.contains("a &lt; b") && svg.contains(">one</text>") && svg.contains(">n 1</text>"))
    }
}
