import ArgumentParser
import Tessera

struct PluginsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the modules that are swapped by name, with their options.",
        discussion: """
            Plugins that cannot be loaded are listed with the reason, and are no failure here. Each is tried in a process of its \
            own first, so that one that crashes, or never comes to an end, is told of as well.
            """)

    @OptionGroup var plugins: PluginOptions

    @Option(help: ArgumentHelp("How long loading a plugin may take.", valueName: "SECONDS"))
    var timeout = 30.0

    @Flag(help: "Print one JSON object on standard output.")
    var json = false

    private struct List: Encodable {
        let modules: [Entry]
        let refused: [RefusedPlugin]
    }

    private struct Entry: Encodable {
        let kind: String
        let name: String
        let summary: String
        let source: String
        let options: [String: String]
        /// Why it cannot be used on this host; nil if it can.
        var unavailable: String?
        /// Of weight codecs, whether every host decodes the same, as they are set up without options; nil for others.
        var decodes_everywhere_alike: Bool?
    }

    func validate() throws {
        guard timeout > 0 else { throw ValidationError("'--timeout' expects more than 0 seconds") }
    }

    func run() throws {
        let (modules, refused) = plugins.tried(seconds: timeout)
        let entries =
            Self.entries(modules.strategies) + Self.entries(modules.transports) + Self.entries(modules.backends)
            + Self.entries(modules.saliencyMetrics) + Self.entries(modules.pruningAmounts)
            + Self.entries(modules.calibrators) + Self.entries(modules.fakeQuantizers)
            + Self.codecEntries(modules.weightCodecs) + Self.entries(modules.weightLayouts)
            + Self.entries(modules.operators)
        guard !json else { return try printJSON(List(modules: entries, refused: refused)) }
        var kind = ""
        for entry in entries {
            if entry.kind != kind { print((kind.isEmpty ? "" : "\n") + Self.plural(of: entry.kind)) }
            kind = entry.kind
            let reason = entry.unavailable.map { "; not available: \($0)" } ?? ""
            let caution = entry.decodes_everywhere_alike == false ? "; other processors may decode it otherwise" : ""
            print("  \(entry.name)  (\(entry.source)): \(entry.summary)\(caution)\(reason)")
            for (name, summary) in entry.options.sorted(by: { $0.key < $1.key }) { print("      \(name): \(summary)") }
        }
        if !refused.isEmpty { print("\nrefused plugins") }
        for plugin in refused { print("  \(plugin.path): \(plugin.reason)") }
    }

    private static func plural(of kind: String) -> String {
        kind.hasSuffix("y") ? kind.dropLast() + "ies" : kind + "s"
    }

    /// Codecs, with the reason of those that this host lacks.
    private static func codecEntries(_ registry: Registry<any WeightCodec>) -> [Entry] {
        entries(registry).map { entry in
            var entry = entry
            let codec = try? registry.make(entry.name)
            (entry.unavailable, entry.decodes_everywhere_alike) = (codec?.unavailability, codec?.decodesEverywhereAlike)
            return entry
        }
    }

    private static func entries(_ registry: Registry<some Sendable>) -> [Entry] {
        registry.modules.map { module in
            Entry(
                kind: registry.kind, name: module.name, summary: module.summary, source: module.source,
                options: Dictionary(uniqueKeysWithValues: module.keys.map { ($0.name, "\($0.summary) (\($0.type))") }))
        }
    }
}
