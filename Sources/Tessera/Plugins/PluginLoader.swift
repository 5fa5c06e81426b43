import TesseraCore

/// What adds the modules of a file to others: those of a script, or of a shared library.
public protocol PluginLoader: Sendable {
    /// The extensions of the files it reads, without the dot.
    var fileExtensions: [String] { get }

    /// Adds a plugin's modules.
    ///
    /// - Throws: what is wrong with the file, or `invalidArgument` if a name is taken.
    func load(_ path: String, into modules: inout Modules) throws
}
