import Foundation
import TesseraScript
import Testing

@Suite struct ScriptReferenceTests {
    private var library: ScriptLibrary {
        ScriptLibrary(
            "test", "For tests.",
            functions: [
                Binding("counter", "counter(name: string, bytes?: integer) -> Counter", "Makes a counter.") { _ in [] },
                Binding("tensor", "tensor{shape: integer[], fill?: number} -> Tensor", "Makes a tensor.") { _ in [] },
                Binding("register.metric", "register.metric(name: string)", "Adds a metric.") { _ in [] },
            ], types: [Counter.scriptType])
    }

    @Test func theReferenceListsEverything() {
        let reference = library.reference
        for line in [
            "`test.counter(name: string, bytes?: integer) -> Counter`\n: Makes a counter.", "## Counter",
            "`counter:greet(word: string) -> string`\n: Greets.", "`counter.name: string`\n: Its name.",
            "`counter:close()`",
        ] {
            #expect(reference.contains(line))
        }
    }

    @Test func everyBindingOfTesseraIsDescribed() {
        let library = ScriptLibrary.tessera()
        let methods = library.types.flatMap { $0.methods + $0.properties }
        for binding in library.functions + methods {
            #expect(!binding.summary.isEmpty && binding.summary.hasSuffix("."), "\(binding.name)")
        }
        for binding in library.functions + library.types.flatMap(\.methods) {
            #expect(binding.signature.hasPrefix(binding.name), "\(binding.name)")
        }
        #expect(library.annotations.contains("---@type fun(options: {shape?: integer[]"))
        #expect(library.annotations.contains("---@field run fun(self: Network, inputs: "))
    }

    @Test func editorsGetTypes() {
        let annotations = library.annotations
        for line in [
            "---@class Counter", "---@field name string Its name.",
            "---@field greet fun(self: Counter, word: string): string Greets.",
            "---@type fun(name: string, bytes?: integer): Counter\ntest.counter = nil",
            "---@type fun(options: {shape: integer[], fill?: number}): Tensor\ntest.tensor = nil",
            "test.register = {}", "---@type fun(name: string)\ntest.register.metric = nil",
        ] {
            #expect(annotations.contains(line))
        }
    }

    @Test(
        "a function that another takes stands in parentheses with what it returns, without which editors cannot tell its end"
    )
    func nestedFunctions() throws {
        let annotations = ScriptLibrary.tessera().annotations
        let lines = annotations.split(separator: "\n").filter {
            $0.hasPrefix("---@type fun(") || $0.contains(" fun(self")
        }
        #expect(lines.count > 60)
        for line in lines {
            let types = line.replacingOccurrences(of: "---@type fun(", with: "").replacingOccurrences(
                of: " fun(self", with: "")
            #expect(
                types.components(separatedBy: "fun(").count == types.components(separatedBy: "(fun(").count, "\(line)")
        }
        #expect(
            annotations.contains(
                "fun(name: string, metric: (fun(group: ChannelGroup, options: table): number[]), about?: {"))
        #expect(annotations.contains("---@class ChannelGroup\n---@field name string "))
        #expect(annotations.contains("---@field output? {name: string, shape: integer[]} "))
        #expect(ScriptLibrary.tessera().reference.contains("## Histogram\n"))
    }

    @Test("the tables that modules of scripts are given have the fields that are declared, and no others")
    func records() async throws {
        let results = try await NetworkFolder().run(
            """
            local seen = {}
            local function note(name, value)
              local keys = {}
              for key in pairs(value) do keys[#keys + 1] = key end
              table.sort(keys)
              seen[name] = table.concat(keys, " ")
            end
            tessera.register.partition_strategy("notes", function(span) note("Span", span) return {} end)
            tessera.register.saliency_metric("notes", function(group)
              note("ChannelGroup", group)
              local result = {}
              for i = 1, #group.channels do result[i] = i end
              return result
            end)
            tessera.register.calibration_method("notes", function(histogram) note("Histogram", histogram) return -9, 9 end)
            tessera.register.weight_layout("notes", function(geometry)
              note("WeightGeometry", geometry)
              local places = {}
              for i = 1, geometry.count do places[i] = i end
              return {width = geometry.count, height = 1, frames = 1, places = places}
            end)
            local image = tessera.tensor{shape = {1, 1, 8, 8}, random = 1}
            local net = tessera.network(folder .. "/small.yaml")
            net:plan{nodes = 2, strategy = "notes", inputs = {image = image}}
            net:prune{metric = "notes", amount = {rule = "ratio", ratio = 0.5}, inputs = {image = image}}
            net:quantize{bits = 8, calibrate = {image}, method = "notes"}
            net:compress{codec = "context", layout = "notes"}
            return seen.Span, seen.ChannelGroup, seen.Histogram, seen.WeightGeometry
            """)
        let declared = ScriptLibrary.tessera().records.map { record in
            record.fields.map { $0.name.replacingOccurrences(of: "?", with: "") }.sorted().joined(separator: " ")
        }
        #expect(ScriptLibrary.tessera().records.map(\.name) == ["Span", "ChannelGroup", "Histogram", "WeightGeometry"])
        #expect(results.values == declared.map(ScriptValue.string))
    }
}
