import ArgumentParser
import Foundation
import Tessera

@main
struct TesseraCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tessera",
        abstract: "Runs one network across several devices, with the answer one device would give.",
        version: Build.version,
        subcommands: [
            RunCommand.self, BenchCommand.self, ProfileCommand.self, LinksCommand.self, PlanCommand.self,
            SimulateCommand.self, InspectCommand.self, ImportCommand.self, ExportCommand.self, FoldCommand.self,
            PruneCommand.self, QuantizeCommand.self, CompressCommand.self, DecompressCommand.self, RangesCommand.self,
            TrainCommand.self, EvaluateCommand.self,
            NodeCommand.self,
            DeployCommand.self, ClusterCommand.self,
            ScriptCommand.self, ReplCommand.self, PluginsCommand.self, DoctorCommand.self, SchemaCommand.self,
        ])

    /// Runs the command that is asked for. Its errors come with the lines of the files that they are about.
    static func main() async {
        do {
            var command = try await asyncParseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            // What was printed before comes first.
            fflush(nil)
            exit(withError: (error as? TesseraError).map { ErrorReport($0) } ?? error)
        }
    }
}
