import ArgumentParser
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
}
