import Tessera

/// Stands in place of the loader of shared libraries for scripts that are not trusted: native code knows no limits.
///
/// Libraries that were loaded before the script ran are there all the same.
struct LibraryRefusal: PluginLoader {
    var fileExtensions: [String] { SharedLibraryLoader().fileExtensions }

    func load(_ path: String, into modules: inout Modules) throws {
        throw TesseraError(
            .notSupported,
            "'\(path)' is a shared library, which only a trusted script (--trusted) may load: name it by --plugin")
    }
}
