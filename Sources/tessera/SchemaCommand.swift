import ArgumentParser
import Tessera

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Prints the JSON Schema of a kind of file, for editors.",
        discussion: """
            The schemas follow from what this build knows. An editor that knows the YAML language server takes one from a line \
            at the top of a file: # yaml-language-server: $schema=network.json
            """)

    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case network, deployment, node, cluster, compression, pruning, quantization, training
    }

    @Argument(help: "What the file describes.")
    var kind: Kind

    func run() throws {
        switch kind {
        case .network: print(JSONSchemaDocument.text(NetworkSchema(Modules.builtin.loader).document), terminator: "")
        case .deployment:
            print(JSONSchemaDocument.text(DeploymentFile.self, title: "A Tessera deployment"), terminator: "")
        case .node: print(JSONSchemaDocument.text(NodeFile.self, title: "A Tessera node"), terminator: "")
        case .training:
            print(JSONSchemaDocument.text(TrainingFile.self, title: "A Tessera training"), terminator: "")
        case .cluster: print(JSONSchemaDocument.text(ClusterFile.self, title: "A Tessera cluster"), terminator: "")
        case .compression:
            print(JSONSchemaDocument.text(CompressionFile.self, title: "How Tessera compresses"), terminator: "")
        case .quantization:
            print(JSONSchemaDocument.text(QuantizationFile.self, title: "How Tessera quantizes"), terminator: "")
        case .pruning: print(JSONSchemaDocument.text(PruningFile.self, title: "How Tessera prunes"), terminator: "")
        }
    }
}
