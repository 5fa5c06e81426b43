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

    @Test(
        "A strategy that chooses wrongly says where",
        arguments: [
            ("return 3", "strategy 'mine': expected a list of stages as the result, got a number"),
            ("", "strategy 'mine': expected a list of stages as the result, got nothing"),
            ("return {3}", "strategy 'mine': stage 1: expected a table, got a number"),
            ("return {{output = 'x', tiles = {}}}", "option 'output': the network cannot be cut after 'x'"),
            ("return {{output = 'c'}}", "strategy 'mine': stage 1: missing option 'tiles'"),
            ("return {{output = 'c', tiles = {{node = 3}}}}", "expected a node from 0 to 1, found 2"),
            ("return {{output = 'c', tiles = {{nod = 1}}}}", "tile 1: unknown option 'nod', did you mean 'node'?"),
            (
                "return {{output = 'c', tiles = {{node = 1, rows = {0, 1}}}}}",
                "expected a range {first, last}, counted from 1"
            ),
            ("return {{output = 'c', tiles = {{node = 1, rows = {1, 2}}}}}", "expected regions that cover all"),
            ("return {{output = 'c', tiles = {{node = 1}, {node = 2}}}}", "without overlap"),
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
