import ArgumentParser
import Tessera

/// The folder that a network is written to.
struct NetworkFolderOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "The folder that the files go to; it is made if it is not there.")
    var output: String

    @Flag(help: "Replace a network that was written there before.")
    var force = false

    /// The folder, where a network can be written.
    func checked() throws -> NetworkFolder {
        let folder = NetworkFolder(output)
        try folder.check(force: force, hint: "--force")
        return folder
    }
}
