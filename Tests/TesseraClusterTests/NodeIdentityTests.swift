import Foundation
import TesseraCluster
import TesseraCore
import TesseraTestSupport
import Testing

@Suite struct NodeIdentityTests {
    @Test("a node without a name gets the host's, and another one beside it that name with a number")
    func names() throws {
        let folder = try TemporaryFolder()
        let host = ProcessInfo.processInfo.hostName
        let identities = try (0..<3).map { _ in try NodeIdentity.kept(nil, in: URL(fileURLWithPath: folder.path)) }
        #expect(identities.map(\.name) == [host, "\(host)-2", "\(host)-3"])
        #expect(Set(identities.map(\.identity)).count == 3)
        #expect(try folder.contents.count == 3)
    }

    @Test("no name leads out of the folder", arguments: ["../escape", "a/b", "..", "Küche 3", "."])
    func fileNames(_ name: String) throws {
        let folder = try TemporaryFolder()
        let identity = try NodeIdentity.kept(name, in: URL(fileURLWithPath: folder.file("states")))
        #expect(identity.name == name)
        #expect(try folder.contents == ["states"])
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.file("states"))
        #expect(files.count == 1 && files[0].hasSuffix(".identity"), "\(files)")
    }

    @Test("a name that is taken, a file that holds something else and a folder that cannot be are told")
    func refused() throws {
        let folder = try TemporaryFolder()
        let place = URL(fileURLWithPath: folder.path)
        _ = try NodeIdentity.kept("attic", in: place)
        expectError(.invalidArgument, "another node called 'attic' runs on this host") {
            try NodeIdentity.kept("attic", in: place)
        }
        let path = try folder.write("hello\n", to: "cellar.identity")
        expectError(.malformedFile, path, "found 'hello'") { try NodeIdentity.kept("cellar", in: place) }
        expectError(.inputOutput, "cellar.identity") {
            try NodeIdentity.kept("attic", in: place.appendingPathComponent("cellar.identity"))
        }
    }
}
