import Foundation
import Tessera
import TesseraScript
import Testing

@Suite struct PlanBindingTests {
    private let folder: NetworkFolder
    init() throws { folder = try NetworkFolder() }

    /// A strategy that cuts after the pool and at the end, in strips of rows.
    private static let strips = """
        tessera.register.partition_strategy("rows", function(span, nodes, options)
          local stages = {}
          for _, cut in ipairs(span.cut_points) do
            if cut.name == options.after or cut.name == span.output.name then
              local tiles = {}
              for node, rows in ipairs(tessera.divide(cut.shape[3], nodes)) do tiles[node] = {node = node, rows = rows} end
              stages[#stages + 1] = {output = cut.name, tiles = tiles}
            end
          end
          return stages
        end)
        local net = tessera.network(folder .. '/small.yaml')
        local x = tessera.tensor{shape = {1, 1, 20, 12}, random = 5}

        """

    @Test func aPlanIsThatOfSwift() async throws {
        let network = try NetworkLoader(operators: .builtin).load(folder.path + "/small.yaml")
        let graph = try network.bound(inputs: ["image": [1, 1, 20, 12]])
        let choice = PartitionChoice(strategy: "fused-grid", options: .map([("tiles", [2, 2].configuration)]))
        let plan = try choice.plan(graph, nodes: 4, strategies: .builtin)
        let results = try await folder.run(
            """
            local net = tessera.network(folder .. '/small.yaml')
            local plan = net:plan{nodes = 4, strategy = 'fused-grid', tiles = {2, 2}, inputs = {1, 1, 20, 12}}
            plan:svg(folder .. '/plan.svg')
            local last = plan.stages[#plan.stages]
            return tostring(plan), plan.redundancy, plan.speedup_bound, plan.throughput_bound, plan.bytes_moved,
              plan.bytes_exchanged, plan.nodes, plan.strategy,
              last.tiles[4].region, last.output
            """)
        #expect(
            results.values == [
                .string(plan.description.trimmingCharacters(in: .newlines)), .number(plan.redundancy),
                .number(plan.speedupBound), .number(plan.throughputBound), .integer(plan.bytesMoved),
                .integer(plan.bytesExchanged), 4, "fused-grid", [[1, 1], [1, 1], [6, 10], [4, 6]], "c",
            ])
        #expect(try String(contentsOfFile: folder.path + "/plan.svg", encoding: .utf8) == plan.svg())
    }

    @Test func aStrategyInLuaMakesAPlan() async throws {
        let results = try await folder.run(
            Self.strips + """
                local plan = net:plan{nodes = 3, strategy = 'rows', after = 'p', inputs = x}
                local cuts = {}
                for _, stage in ipairs(plan.stages) do
                  cuts[#cuts + 1] = stage.output
                  for _, tile in ipairs(stage.tiles) do cuts[#cuts + 1] = tile.node .. ':' .. table.concat(tile.region[3], '-') end
                end
                return table.concat(cuts, ' '), plan.strategy, tessera.strategies()
                """)
        #expect(results.values.prefix(2) == ["p 1:1-4 2:5-7 3:8-10 c 1:1-4 2:5-7 3:8-10", "rows"])
        #expect("\(results.values)".contains("\"rows\""))
    }

    @Test func aStrategyInLuaSeesTheSpan() async throws {
        let results = try await folder.run(
            """
            local seen
            tessera.register.partition_strategy("look", function(span, nodes, options)
              seen = {span, nodes, options}
              return {{output = span.output.name, tiles = {{node = 1}}}}
            end)
            tessera.network(folder .. '/small.yaml'):plan{nodes = 2, strategy = 'look', a = {1, 2}, inputs = {1, 1, 4, 6}}
            return seen[1], seen[2], seen[3]
            """)
        #expect(
            results.values == [
                [
                    "inputs": [["name": "image", "shape": [1, 1, 4, 6]]],
                    "output": ["name": "c", "shape": [1, 1, 2, 3]],
                    "cut_points": [
                        ["name": "a", "shape": [1, 4, 4, 6]], ["name": "b", "shape": [1, 4, 4, 6]],
                        ["name": "p", "shape": [1, 4, 2, 3]], ["name": "c", "shape": [1, 1, 2, 3]],
                    ],
                    "later_cut_points": [],
                    "layers": [
                        [
                            "name": "a", "kind": "conv", "inputs": ["image"], "shape": [1, 4, 4, 6], "macs": 864,
                            "options": ["channels": 4, "kernel": 3, "padding": "same"],
                        ],
                        [
                            "name": "b", "kind": "relu", "inputs": ["a"], "shape": [1, 4, 4, 6], "macs": 0,
                            "options": [],
                        ],
                        [
                            "name": "p", "kind": "max_pool", "inputs": ["b"], "shape": [1, 4, 2, 3], "macs": 0,
                            "options": ["kernel": 2],
                        ],
                        [
                            "name": "c", "kind": "conv", "inputs": ["p"], "shape": [1, 1, 2, 3], "macs": 216,
                            "options": ["channels": 1, "kernel": 3, "padding": "same"],
                        ],
                    ],
                ], 2, ["a": [1, 2]],
            ], "\(results.values)")
    }

    /// Two nodes of which one is four times as fast, over a slow connection.
    private func cluster() throws -> String {
        let path = folder.path + "/cluster.yaml"
        let text = """
            tessera: 1
            nodes:
              - {name: slow, macs_per_second: 1.0e+6, memory_bandwidth: 1GB/s, memory: 1MiB}
              - {name: fast, macs_per_second: 1.0e+6, memory_bandwidth: 1GB/s, speed: 4}
            leader: {name: desk, macs_per_second: 1.0e+6, memory_bandwidth: 1GB/s}
            links: {bandwidth: 1MB/s, latency: 1ms}
            """
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test func planningOnAClusterIsThatOfSwift() async throws {
        let path = try cluster()
        let graph = try NetworkLoader(operators: .builtin).load(folder.path + "/small.yaml")
            .bound(inputs: ["image": [1, 1, 20, 12]])
        let choice = PartitionChoice(strategy: "auto", cluster: path)
        let plan = try choice.plan(graph, nodes: 2, strategies: .builtin)
        let model = CostModel(graph, on: try ClusterProfile(path: path))
        let (report, _) = try SimulationReport.make(plan, model: model, pictures: 3, slowdowns: [1: 2])
        let results = try await folder.run(
            """
            local net = tessera.network(folder .. '/small.yaml')
            local cluster, x = folder .. '/cluster.yaml', {1, 1, 20, 12}
            local plan = net:plan{strategy = 'auto', cluster = cluster, inputs = x}
            local report, same = net:simulate{cluster = cluster, inputs = x, pictures = 3, stragglers = {fast = 2}}
            local rows = net:compare{cluster = cluster, inputs = x, cut_after = {'p'}}
            local image = tessera.tensor{shape = x, random = 1}
            local out, deployed = net:deploy{cluster = cluster, strategy = 'strips', inputs = image}
            local names = {}
            for i, row in ipairs(rows) do names[i] = row.strategy .. ':' .. (row.plan and row.plan.nodes or row.error) end
            return tostring(plan), tostring(same), report, plan.notes, plan.memory_bytes, table.concat(names, ' '),
              out == net:run(image), deployed.nodes
            """)
        let text = ScriptValue.string(plan.description.trimmingCharacters(in: .newlines))
        #expect(results.values.prefix(2) == [text, text])
        let found = try results.values[2].requireTable()
        #expect(found["latency_ms"] == .number(report.latency_ms))
        #expect(found["pictures_per_second"] == .number(report.pictures_per_second))
        #expect(found["bytes_moved"] == .integer(report.bytes_moved))
        #expect(found["speedup"] == .number(try #require(report.speedup)))
        let devices = try found["devices"].requireArray().map { try $0.requireTable() }
        #expect(devices.map { $0["device"] } == ["slow", "fast", "desk"])
        #expect(devices.map { $0["memory_bytes"] } == report.devices.map { .integer($0.memory_bytes) })
        #expect(results.values[3] == .table(ScriptTable(array: plan.notes.map(ScriptValue.string))))
        #expect(results.values[4] == .table(ScriptTable(array: plan.memory.map { .integer($0.total) })))
        #expect(
            results.values[5]
                == "auto:2 channel:2 fused-grid:2 layerwise:2 pipeline:2 strips:2 vertical:2")
        #expect(results.values.suffix(2) == [true, 2])
    }

    @Test func aStrategyInLuaHasTheCostModelOfSwift() async throws {
        let path = try cluster()
        let graph = try NetworkLoader(operators: .builtin).load(folder.path + "/small.yaml")
            .bound(inputs: ["image": [1, 1, 20, 12]])
        let results = try await folder.run(
            """
            local seen
            tessera.register.partition_strategy("costly", function(span, nodes, options, model)
              local whole = {{output = 'c', tiles = {{node = 2}}}}
              seen = {
                model:tile{output = 'c', from = {'p'}, node = 2, rows = {1, 4}}, model:seconds({'a', 'b'}, 1),
                model:transfer(1000, 'leader', 2), model:simulate(whole).latency_ms, model.nodes, model.leader,
              }
              return whole, {'all on the fast one'}
            end)
            local net = tessera.network(folder .. '/small.yaml')
            local plan = net:plan{strategy = 'costly', cluster = folder .. '/cluster.yaml', inputs = {1, 1, 20, 12}}
            return seen, plan.notes
            """)
        let seen = try results.values[0].requireArray()
        let tile = try seen[0].requireTable()
        // Rows 1 to 4 of c, a 3x3 convolution of 4 channels over p's 10x6, read rows 1 to 5.
        #expect(tile["inputs"] == ["p": [[1, 1], [1, 4], [1, 5], [1, 6]]])
        #expect(tile["region"] == [[1, 1], [1, 1], [1, 4], [1, 6]])
        #expect(tile["layers"] == ["c": [[1, 1], [1, 1], [1, 4], [1, 6]]])
        #expect(tile["macs"] == .integer(4 * 6 * 4 * 9))
        #expect(tile["bytes_in"] == .integer(4 * 5 * 6 * 4))
        #expect(tile["bytes_out"] == .integer(4 * 6 * 4))
        let model = CostModel(graph, on: try ClusterProfile(path: path))
        // Operations by rate, bytes by bandwidth (what is read and made, and 36 weights and a bias), by speed; then in and out, after half a
        // millisecond.
        let (macs, bytes, handled) = (864.0, (120.0 + 24 + 37) * 4, 480.0 + 96)
        let seconds = (macs / 1e6 + bytes / 1e9 + handled / 2e9 + 5e-4) / 4
        let found = try tile["seconds"].requireNumber()
        #expect(abs(found - seconds) < 1e-12)
        #expect(try abs(seen[1].requireNumber() - model.seconds(ofWhole: [0, 1], at: 0)) < 1e-15)
        // 1 ms until it begins to arrive, and a millisecond for 1000 bytes.
        #expect(try abs(seen[2].requireNumber() - 0.002) < 1e-12)
        let whole = TileChoice(node: 1, region: Region([0..<1, 0..<1, 0..<10, 0..<6]))
        let alone = try Plan(
            graph, nodes: 2, choices: [StageChoice(output: 4, tiles: [whole])], strategy: "")
        #expect(try abs(seen[3].requireNumber() - alone.simulated(with: model).duration * 1e3) < 1e-9)
        let nodes = try seen[4].requireArray().map { try $0.requireTable() }
        #expect(nodes.map { $0["name"] } == ["slow", "fast"])
        #expect(nodes.map { $0["speed"] } == [1.0, 4.0])
        #expect(nodes.map { $0["memory"] } == [1_048_576.0, nil])
        #expect(try seen[5].requireTable()["name"] == "desk")
        #expect(results.values[1] == ["all on the fast one"])
    }

    @Test(
        "What is asked of clusters and costs wrongly says where",
        arguments: [
            ("net:plan{cluster = 'none.yaml', inputs = x}", "option 'cluster'"),
            ("net:plan{cluster = folder .. '/cluster.yaml', nodes = 3, inputs = x}", "expected 2 nodes, as many as"),
            (
                "net:simulate{cluster = folder .. '/cluster.yaml', inputs = x, stragglers = {slo = 2}}",
                "option 'stragglers': unknown device 'slo', did you mean 'slow'?"
            ),
            ("net:compare{nodes = 2, inputs = x, cut_afer = {'p'}}", "no strategy knows an option 'cut_afer'"),
            ("ask('tile', {output = 'c', rows = {1, 99}})", "expected a region inside 1x1x10x6"),
            ("ask('tile', {output = 'c', node = 3})", "option 'node': expected a node from 1 to 2, got 3"),
            ("ask('tile', {output = 'q'})", "the network cannot be cut after 'q'"),
            ("ask('seconds', {'d'}, 1)", "unknown layer 'd'"),
            ("ask('transfer', 1, 1, 'boss')", "argument 3 (device)"),
            ("ask('transfer', -1, 1, 2)", "expected at least 0 bytes, got -1"),
            ("ask('simulate', {{output = 'c'}})", "stage 1: missing option 'tiles'"),
        ])
    func wrongQuestions(call: String, message: String) async throws {
        _ = try cluster()
        let error = await folder.failure(
            """
            local net, x = tessera.network(folder .. '/small.yaml'), {1, 1, 20, 12}
            local function ask(name, ...)
              local arguments = table.pack(...)
              tessera.register.partition_strategy('ask', function(span, nodes, options, model)
                model[name](model, table.unpack(arguments))
              end)
              net:plan{nodes = 2, strategy = 'ask', inputs = x}
            end
            \(call)
            """)
        #expect("\(error as Any)".contains(message), "\(error as Any)")
    }

    @Test(
        "A strategy that chooses wrongly says where",
        arguments: [
            ("return 3", "strategy 'mine': expected a list of stages as the result, got a number"),
            ("", "strategy 'mine': expected a list of stages as the result, got nothing"),
            ("return {3}", "strategy 'mine': stage 1: expected a table, got a number"),
            ("return {{output = 'x', tiles = {}}}", "option 'output': the network cannot be cut after 'x'"),
            ("return {{output = 'c'}}", "strategy 'mine': stage 1: missing option 'tiles'"),
            ("return {{output = 'c', tiles = {{node = 3}}}}", "expected a node from 1 to 2, got 3"),
            ("return {{output = 'c', tiles = {{nod = 1}}}}", "tile 1: unknown option 'nod', did you mean 'node'?"),
            (
                "return {{output = 'c', tiles = {{node = 1, rows = {0, 1}}}}}",
                "expected a range {first, last}, counted from 1"
            ),
            (
                "return {{output = 'c', tiles = {{node = 1, rows = {1, 2}}}}}",
                "strategy 'mine': stage 1 ('c'): expected regions that cover all"
            ),
            (
                "return {{output = 'c', tiles = {{node = 1}, {node = 2}}}}",
                "without overlap, found all of it in tiles 1 and 2"
            ),
            ("return {{output = 'c', tiles = {{node = 1, region = {{1, 1}}}}}}", "for each of 4 axes, got 1"),
            ("error('no idea')", "no idea"),
            ("while true do end", "ran longer than its limit"),
        ])
    func wrongChoices(body: String, message: String) async throws {
        var options = ScriptEngine.Options()
        options.timeout = 1
        let error = await folder.failure(
            "tessera.register.partition_strategy('mine', function() \(body) end)\n"
                + "tessera.network(folder .. '/small.yaml'):plan{nodes = 2, strategy = 'mine', inputs = {1, 1, 20, 12}}",
            options)
        #expect("\(error as Any)".contains(message), "\(error as Any)")
        #expect(error?.location != nil)
    }

    @Test func aStrategyIsRegisteredOnceAndInItsScriptOnly() async throws {
        let error = await folder.failure("tessera.register.partition_strategy('vertical', function() end)")
        #expect(error?.message.contains("a partition strategy named 'vertical' is registered already") == true)
        _ = try await folder.run(Self.strips)
        let unknown = await folder.failure(
            "tessera.network(folder .. '/small.yaml'):plan{nodes = 2, strategy = 'rows', inputs = {1, 1, 8, 8}}")
        #expect(unknown?.message.contains("unknown partition strategy 'rows'") == true)
    }

    @Test func deployingGivesWhatOneNodeGives() async throws {
        let results = try await folder.run(
            Self.strips + """
                local whole = net:run(x)
                local equal = {}
                for _, strategy in ipairs{'vertical', 'fused-grid', 'rows'} do
                  local out, report = net:deploy{nodes = 3, strategy = strategy, inputs = x, transport = 'loopback', threads = 1}
                  equal[#equal + 1] = out == whole and report.strategy == strategy and report.nodes == 3 and report.bytes_sent > 0
                    and report.latency_ms > 0
                end
                return equal
                """)
        #expect(results.values == [[true, true, true]])
    }

    @Test func aDeploymentRunsManyInferences() async throws {
        let results = try await folder.run(
            Self.strips + """
                local same = true
                do
                  local nodes <close> = net:start{nodes = 2, strategy = 'fused-grid', inputs = x}
                  for seed = 1, 5 do
                    local y = tessera.tensor{shape = x:shape(), random = seed}
                    same = same and (nodes:run{image = y}) == net:run(y)
                  end
                  same = same and nodes.plan.strategy == 'fused-grid'
                end
                return same
                """)
        #expect(results.values == [true])
    }

    @Test func aDeploymentThatTakesTooLongEnds() async throws {
        var options = ScriptEngine.Options()
        options.timeout = 0.2
        let error = await folder.failure(
            Self.strips + "for i = 1, 1e9 do net:deploy{nodes = 2, inputs = x} end", options)
        #expect(error?.code == .limitExceeded)
    }
}
