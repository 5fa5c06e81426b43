import Foundation
import Tessera
@testable import TesseraPartition
import TesseraTestSupport
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct PlanOutputTests {
    @Test("the picture is well-formed, with a titled rectangle for every tile and every part that it needs")
    func svg() throws {
        let plan = try self.plan()
        let drawing = try Drawing(plan.svg())
        let tiles = plan.stages.flatMap(\.tiles)
        let labels = tiles.flatMap { tile in
            ([tile.region] + tile.inputs.map(\.region)).map { "node \(tile.node + 1): \($0.pixelLabel)" }
        }
        #expect(drawing.titles.sorted() == labels.sorted())
        // Besides: the background, and for each stage the maps it reads and the one it makes.
        #expect(drawing.rectangles == labels.count + 1 + plan.stages.count * 2)
        #expect(drawing.texts.contains { $0.contains("plan 'fused-grid', 2 nodes") })
    }

    @Test("parts along channels and features are told by those, and drawn as bars of them")
    func channels() throws {
        var network = try NetworkSketch(16, 4, 4)
        try network.add("conv", NetworkSketch.conv(32))
        try network.add("flat", Flatten())
        try network.add("fc", Linear(configuration: 64.configuration))
        let plan = try Plan(network.bound(), nodes: 2, strategy: Channel(), named: "channel")
        let text = plan.description
        #expect(text.contains("stage 1: 1 layer up to 'conv', output 1x32x4x4; sub-maps as (x,y)"))
        #expect(text.contains("stage 2: 2 layers up to 'fc', output 1x64\n"))
        #expect(row("reads image", of: text) == ["(0,0)-(3,3)", "(0,0)-(3,3)"])
        #expect(row("owns conv", of: text) == ["channels", "0-15", "channels", "16-31"])
        #expect(row("owns fc", of: text) == ["features", "0-31", "features", "32-63"])
        let drawing = try Drawing(plan.svg())
        let both = ["node 1: ", "node 2: "]
        let whole = both.flatMap { [$0 + "(0,0)-(3,3)", $0 + "(0,0)-(3,3)"] }
        let parts = [
            "node 1: channels 0-15", "node 2: channels 16-31", "node 1: features 0-31", "node 2: features 32-63",
        ]
        #expect(drawing.titles.sorted() == (whole + parts).sorted())
        #expect(drawing.texts.contains { $0 == "made of fc, 64" })
        #expect(drawing.texts.contains { $0 == "made of conv, 4x4x32" })
        let channels = Region([0..<1, 16..<24, 1..<3, 0..<4])
        #expect(channels.label(in: [1, 32, 4, 4]) == "(0,1)-(3,2) of channels 16-23")
        #expect(Region([0..<1, 2..<3, 0..<7]).label(in: [1, 3, 7]) == "[0..<1, 2..<3, 0..<7]")
    }

    @Test("names with characters that mean something in XML do not break the picture")
    func escaping() throws {
        var network = try NetworkSketch(1, 8, 8)
        try network.add("a<b>&\"c\"", NetworkSketch.conv(1))
        let plan = try Plan(network.bound(), nodes: 2, strategy: Vertical(), named: "<&>")
        let drawing = try Drawing(plan.svg())
        #expect(drawing.texts.contains { $0.contains("a<b>&\"c\"") })
        #expect(drawing.texts.contains { $0.contains("plan '<&>'") })
    }

    @Test("the table has the coordinates of every sub-map, x before y, and what each node reads and costs")
    func table() throws {
        let text = try plan().description
        // 8x6 is cut into rows 0-3 and 4-7; the 3x3 convolution reads one row more at the inner border.
        #expect(text.contains("plan 'fused-grid' for 2 nodes: 2 stages, redundancy 1.000"))
        #expect(row("reads image", of: text) == ["(0,0)-(5,4)", "(0,3)-(5,7)"])
        #expect(row("owns conv", of: text) == ["(0,0)-(5,3)", "(0,4)-(5,7)"])
        #expect(row("reads conv", of: text) == ["(0,0)-(5,3)", "(0,4)-(5,7)"])
        #expect(row("owns pool", of: text) == ["(0,0)-(2,1)", "(0,2)-(2,3)"])
        #expect(row("in", of: text) == ["120", "B", "120", "B"])
        #expect(text.hasSuffix("then the leader runs average\n"))
    }

    @Test("the report holds half-open regions, operations and bytes, and survives JSON")
    func report() throws {
        let plan = try self.plan()
        let data = try JSONEncoder().encode(PlanReport(plan))
        let report = try JSONDecoder().decode(PlanReport.self, from: data)
        #expect(report.strategy == "fused-grid")
        #expect(report.nodes == 2)
        #expect(report.rest == ["average"])
        #expect(report.stages.map(\.output) == ["conv", "pool"])
        #expect(report.stages[0].shape == [1, 2, 8, 6])
        let tile = report.stages[0].tiles[1]
        #expect(tile.node == 2)
        #expect(tile.region == [[0, 1], [0, 2], [4, 8], [0, 6]])
        #expect(tile.inputs == ["image": [[0, 1], [0, 1], [3, 8], [0, 6]]])
        #expect(tile.layers == ["conv": [[0, 1], [0, 2], [4, 8], [0, 6]]])
        #expect(tile.macs == 2 * 4 * 6 * 9)
        #expect(tile.bytesIn == 5 * 6 * 4)
        #expect(tile.bytesOut == 2 * 4 * 6 * 4)
        #expect(report.bytesMoved == plan.bytesMoved)
        // Five rows of the image to each; the pools read what their nodes made; the leader averages both pools' halves.
        #expect(report.bytesExchanged == (2 * 5 * 6 + 2 * 4 * 3) * 4)
        let object = try JSONSerialization.jsonObject(with: data) as? [String: Any]
        #expect(
            object?.keys.sorted() == [
                "bytes_exchanged", "bytes_moved", "nodes", "redundancy", "rest", "speedup_bound", "stages", "strategy",
            ])
    }

    @Test("a layer of several outputs has all of them in the report")
    func severalOutputs() throws {
        var network = try NetworkSketch(4, 8, 6)
        var split = Split()
        (split.axis, split.parts) = (1, 2)
        let first = try network.add("halves", split)
        try network.add("sum", Add(), first, first + 1)
        let plan = try Plan(network.bound(), nodes: 2, strategy: Strips(), named: "strips")
        let report = PlanReport(plan)
        #expect(Set(report.stages[0].tiles[0].layers.keys) == Set(plan.graph.graph.values.dropFirst().map(\.name)))
    }

    /// image 1x1x8x6 -> conv -> | pool -> | average, in strips for 2 nodes.
    private func plan() throws -> Plan {
        var network = try NetworkSketch(1, 8, 6)
        try network.add("conv", NetworkSketch.conv(2))
        try network.add("pool", NetworkSketch.pool())
        try network.add("average", GlobalAveragePool())
        var strategy = FusedGrid()
        (strategy.tiles, strategy.cutAfter) = ([2, 1], ["conv"])
        return try Plan(network.bound(), nodes: 2, strategy: strategy, named: "fused-grid")
    }

    /// The cells after the first of the first row that starts with `label`.
    private func row(_ label: String, of text: String) -> [String] {
        let line = text.split(separator: "\n").first { $0.hasPrefix(label + " ") }
        return line?.dropFirst(label.count).split(separator: " ").map(String.init) ?? []
    }
}

/// The elements of an SVG file. Throws if it is not well-formed XML.
private final class Drawing: NSObject, XMLParserDelegate {
    private(set) var rectangles = 0
    private(set) var titles: [String] = []
    private(set) var texts: [String] = []
    private var content = ""

    init(_ svg: String) throws {
        super.init()
        let parser = XMLParser(data: Data(svg.utf8))
        parser.delegate = self
        guard parser.parse() else {
            throw TesseraError(
                .malformedFile, "line \(parser.lineNumber) is not well-formed", cause: parser.parserError)
        }
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
        attributes: [String: String]
    ) {
        content = ""
        if name == "rect" { rectangles += 1 }
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) { content += string }

    func parser(_ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?) {
        if name == "title" { titles.append(content) }
        if name == "text" { texts.append(content) }
    }
}
