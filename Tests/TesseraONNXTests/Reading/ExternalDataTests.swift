import Foundation
import TesseraCore
import TesseraTestSupport
import Testing

@testable import TesseraONNX

@Suite struct ExternalDataTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        let data = [Float(9), 1, 2].withUnsafeBytes { Array($0) }
        try folder.write(data, to: "weights.bin")
    }

    private func tensor(_ entries: [String: String], folder path: String? = nil) throws -> Tensor {
        var proto = ONNXTensorProto()
        (proto.name, proto.dims, proto.dataType, proto.dataLocation) = ("t", [2], 1, .external)
        proto.externalData = entries.map { key, value in
            var entry = ONNXStringStringEntryProto()
            (entry.key, entry.value) = (key, value)
            return entry
        }
        return try StoredTensor(proto, external: ExternalData(folder: (path ?? folder.path) + "/")).tensor()
    }

    @Test func dataIsReadFromItsPlace() throws {
        let expected = try Tensor([1, 2], shape: [2])
        #expect(try tensor(["location": "weights.bin", "offset": "4"]) == expected)
        #expect(try tensor(["location": "weights.bin", "offset": "4", "length": "8"]) == expected)
    }

    @Test(arguments: ["../weights.bin", "/etc/passwd", "a/../../weights.bin", "", "..", "link"])
    func placesOutsideTheFolderAreRefused(_ location: String) throws {
        try FileManager.default.createSymbolicLink(atPath: folder.file("link"), withDestinationPath: "/etc/passwd")
        expectError(.malformedFile, "folder") { try tensor(["location": location]) }
    }

    @Test func placesOutsideTheFileAreRefused() {
        for place in [
            ["offset": "8"], ["offset": "-4"], ["length": "4"], ["offset": "9223372036854775807"], ["offset": "x"],
        ] {
            expectError(.malformedFile, "tensor 't'", "weights.bin") {
                try tensor(place.merging(["location": "weights.bin"]) { $1 })
            }
        }
    }

    @Test func whatIsNoFileIsRefused() throws {
        try FileManager.default.createDirectory(atPath: folder.file("inner"), withIntermediateDirectories: true)
        expectError(.inputOutput, "regular file") { try tensor(["location": "inner"]) }
        expectError(.inputOutput, "missing.bin") { try tensor(["location": "missing.bin"]) }
        expectError(.malformedFile, "location") { try tensor([:]) }
    }

    @Test func aModelWithoutAFileHasNoExternalData() {
        var proto = ONNXTensorProto()
        (proto.dataLocation, proto.dataType) = (.external, 1)
        expectError(.malformedFile, "another file") { try StoredTensor(proto).tensor() }
    }
}
