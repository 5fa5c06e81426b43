import Foundation
import TesseraCore

extension Modules {
    /// Adds the modules of plugins, each once, however often it is named.
    ///
    /// - Throws: what is wrong with the first that cannot be loaded; modules are unchanged then.
    public mutating func load(plugins paths: [String]) throws {
        var modules = self
        for path in paths {
            let file = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
            guard !modules.plugins.contains(file) else { continue }
            let loader = try modules.loader(ofPlugin: path)
            try loader.load(path, into: &modules)
            modules.plugins.append(file)
        }
        self = modules
    }

    /// The same modules with those of plugins.
    public func loading(plugins paths: [String]) throws -> Modules {
        var modules = self
        try modules.load(plugins: paths)
        return modules
    }

    private func loader(ofPlugin path: String) throws -> any PluginLoader {
        let found = PathComponents(path).fileExtension
        guard let loader = pluginLoaders.first(where: { $0.fileExtensions.contains(found) }) else {
            let known = pluginLoaders.flatMap(\.fileExtensions).map { "." + $0 }.joined(separator: " or ")
            throw TesseraError(.invalidArgument, "expected a plugin, a file named \(known), found '\(path)'")
        }
        return loader
    }
}
