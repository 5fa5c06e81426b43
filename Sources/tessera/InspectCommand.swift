import ArgumentParser
import Foundation
import Tessera

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Lists a network's layers, shapes, parameters and operations.")

    @OptionGroup var network: NetworkOptions
    @OptionGroup var shapes: ShapeOptions

    @Flag(help: "Print one JSON object on standard output.")
    var json = false

    private struct Report: Encodable {
        struct Layer: Encodable {
            let name: String
            let kind: String
            let inputs: [String]
            let shape: [Int]
            let parameters: Int
            let macs: Int
        }

        let network: String
        let layers: [Layer]
        let parameters: Int
        let macs: Int
    }

    func run() throws {
        let network = try self.network.load(.builtin)
        let bound = try shapes.bind(network)
        // Weights that are named are looked at, too.
        if self.network.weights != nil { _ = try network.bound(inputs: bound.inputShapes) }
        let report = try Self.report(network, bound)
        guard !json else { return try printJSON(report) }
        var table = TextTable(header: ["layer", "kind", "output", "parameters", "MACs"])
        for layer in report.layers {
            table.add([layer.name, layer.kind, "\(Shape(layer.shape))", "\(layer.parameters)", "\(layer.macs)"])
        }
        table.add(["total", "", "", "\(report.parameters)", "\(report.macs)"])
        print(table)
    }

    private static func report(_ network: Network, _ bound: BoundGraph) throws -> Report {
        let graph = bound.graph
        let layers = try zip(graph.nodes, bound.multiplyAccumulates).map { node, macs in
            let parameters = try node.op.parameters(for: bound.inputShapes(of: node))
            return Report.Layer(
                name: node.name, kind: node.op.name, inputs: node.inputs.map { graph.values[$0].name },
                shape: bound.shapes[node.outputs[0]].dimensions,
                parameters: parameters.map(\.shape.elementCount).reduce(0, Shape.saturatingSum), macs: macs)
        }
        return Report(
            network: network.name, layers: layers, parameters: layers.map(\.parameters).reduce(0, Shape.saturatingSum),
            macs: layers.map(\.macs).reduce(0, Shape.saturatingSum))
    }
}
