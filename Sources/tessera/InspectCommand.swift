import ArgumentParser
import Foundation
import Tessera

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Lists a network's layers, shapes, parameters and operations.")

    @OptionGroup var network: NetworkOptions
    @OptionGroup var shapes: ShapeOptions
    @OptionGroup var plugins: PluginOptions

    @Flag(help: "Print one JSON object on standard output.")
    var json = false

    @Option(help: "Write a picture of the network.")
    var svg: String?

    func run() throws {
        let network = try self.network.load(plugins.modules())
        let bound = try shapes.bind(network)
        // Weights that are named are looked at, too.
        if self.network.weights != nil { _ = try network.bound(inputs: bound.inputShapes) }
        let report = try InspectionReport(network, bound)
        if let svg { try writeFile(try bound.svg(title: network.name), to: svg) }
        if json { try printJSON(report) } else { print(report) }
    }
}
