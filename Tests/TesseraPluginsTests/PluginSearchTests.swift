import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// Where plugins are found.
@Suite struct PluginSearchTests {
    @Test("folders are those of the variable, then the one beside the executable")
    func folders() {
        let search = PluginSearch(
            environment: [PluginSearch.variable: "/a:/b"], executable: "/opt/tessera/bin/tessera")
        #expect(search.folders == ["/a", "/b", "/opt/tessera/bin/tessera-plugins"])
        #expect(PluginSearch(environment: [:], executable: nil).folders == [])
    }

    @Test("what cannot be loaded in a folder is told of, and the rest is loaded")
    func refused() throws {
        let folder = try TemporaryFolder()
        _ = try SampleLibrary.c(BrokenLibraryTests.right, in: folder, named: "b")
        try folder.write("no library", to: "a.so")
        try folder.write("", to: "notes.txt")
        var modules = Modules.builtin
        let search = PluginSearch(folders: [folder.path, folder.file("missing")])
        #expect(search.files(for: modules.pluginLoaders) == [folder.file("a.so"), folder.file("b.so")])
        let refused = modules.load(foundBy: search)
        #expect(
            refused == [
                RefusedPlugin(
                    path: folder.file("a.so"), reason: "expected a shared library (ELF), found another kind of file")
            ])
        #expect(try modules.saliencyMetrics.module("numbered").source == folder.file("b.so"))
    }
}
