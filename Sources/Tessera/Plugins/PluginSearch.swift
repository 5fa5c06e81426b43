import Foundation
import TesseraCore

/// The folders in which plugins are looked for: those of `TESSERA_PLUGIN_PATH`, then `tessera-plugins` beside the executable.
public struct PluginSearch: Sendable {
    /// The variable that lists folders, separated by colons.
    public static let variable = "TESSERA_PLUGIN_PATH"
    /// The folder beside the executable.
    public static let folderName = "tessera-plugins"

    public let folders: [String]

    public init(folders: [String]) { self.folders = folders }

    /// The folders that this process has.
    ///
    /// - Parameter executable: where the command stands; nil if that is not known.
    public init(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        executable: String? = Bundle.main.executablePath
    ) {
        var folders = (environment[Self.variable] ?? "").split(separator: ":").map(String.init)
        if let executable {
            let beside = URL(fileURLWithPath: executable).resolvingSymlinksInPath().deletingLastPathComponent()
            folders.append(beside.appendingPathComponent(Self.folderName).path)
        }
        self.folders = folders
    }

    /// The plugins that lie in the folders, by name within each; a folder that is not there has none.
    public func files(for loaders: [any PluginLoader]) -> [String] {
        let endings = Set(loaders.flatMap(\.fileExtensions))
        return folders.flatMap { folder in
            let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
            return names.filter { endings.contains(URL(fileURLWithPath: $0).pathExtension) }
                .map { URL(fileURLWithPath: folder).appendingPathComponent($0).path }
        }
    }
}

/// A plugin that could not be loaded, and why.
public struct RefusedPlugin: Sendable, Equatable, Encodable {
    public let path: String
    public let reason: String

    public init(path: String, reason: String) { (self.path, self.reason) = (path, reason) }

    public init(path: String, error: any Error) {
        // The path stands beside the reason already.
        let text = "\(error)"
        self.init(path: path, reason: text.hasPrefix("\(path): ") ? String(text.dropFirst(path.count + 2)) : text)
    }
}

extension Modules {
    /// Adds the modules of all plugins that lie in some folders.
    ///
    /// - Returns: those that could not be loaded.
    public mutating func load(foundBy search: PluginSearch) -> [RefusedPlugin] {
        search.files(for: pluginLoaders).compactMap { path in
            do {
                try load(plugins: [path])
                return nil
            } catch {
                return RefusedPlugin(path: path, error: error)
            }
        }
    }
}
