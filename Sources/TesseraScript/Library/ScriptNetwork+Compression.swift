import Foundation
import Tessera

/// Compressing a network's weights.
extension ScriptNetwork {
    static var compress: Binding {
        Binding(
            of: ScriptNetwork.self, "compress",
            "compress(options?: {codec?: string|table, quality?: integer, bits?: integer, step?: number, dead_zone?: number, dependent?: boolean, "
                + "per_channel?: boolean, layout?: string|table, block?: integer[], reorder?: boolean, layers?: table, evaluate?: string, "
                + "target_bytes?: integer, target_accuracy_drop?: number, samples?: string|table}) -> Network, table",
            "Compresses the weights with a codec of pictures, film or sound. The options are those of a compression file; `quality` is the "
                + "codec's. Gives the network with the weights that come back, whose `save` writes them compressed, and a table with "
                + "what `tessera compress --json` prints.",
            example: """
                \(ScriptLibrary.exampleNetwork)
                local small, report = net:compress{codec = "png", bits = 8}
                assert(report.layers[1].codec == "png")
                """
        ) { network, call in
            try call.expectArguments(atMost: 1)
            var options = try call.options()
            let quality = try options.integer("quality")
            try options.expectRest(
                among: CompressionFile.keys.map(\.description.name).filter { $0 != "tessera" })
            let entries = try options.rest().entries() + [.init("tessera", 1.configuration)]
            let result = try locatingErrors(path: call.name) {
                var settings = try CompressionFile(configuration: Configuration(.map(entries)))
                if let quality { try settings.layer.codec.set("quality", quality.configuration) }
                return try NetworkCompression(
                    network.network, settings, modules: network.context.modules.loading(plugins: settings.plugins),
                    backend: network.backend,
                    threads: network.threads
                ).run()
            }
            let small = ScriptNetwork(
                result.network, backend: network.backend, threads: network.threads, context: network.context)
            small.compressed = result.weights
            return [.object(small), try ScriptValue(encoding: result.report)]
        }
    }
}
