import Foundation
import TesseraCore
import TesseraTestSupport
import Testing

@testable import TesseraNetwork

@Suite struct SafetensorsFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func write(header: String, data: [UInt8] = [], length: UInt64? = nil) throws -> String {
        let length = length ?? UInt64(header.utf8.count)
        let prefix = withUnsafeBytes(of: length.littleEndian) { Array($0) }
        return try folder.write(prefix + Array(header.utf8) + data, to: "file.safetensors")
    }

    @Test func whatIsWrittenIsReadBack() throws {
        var half = try Tensor(zeros: [3], elementType: .f16)
        half.withUnsafeMutableBytes { $0.storeBytes(of: 0x3C00, as: UInt16.self) }
        let tensors: [String: Tensor] = [
            "layer.weight": try Tensor([1, -2, 3.5, .nan, .infinity, 0], shape: [2, 3]),
            "half": half, "ä \"quoted\" / name": try Tensor(zeros: [5], elementType: .u8),
            "count": try Tensor(zeros: [], elementType: .i64), "empty": try Tensor(zeros: [0, 4]),
        ]
        let path = folder.file("a.safetensors")
        try SafetensorsFile.write(tensors, metadata: ["format": "pt"], to: path)
        let file = try SafetensorsFile(path: path)
        #expect(file.names == tensors.keys.sorted())
        #expect(file.metadata == ["format": "pt"])
        for (name, tensor) in tensors { #expect(try file.tensor(name) == tensor) }
        #expect(try folder.contents == ["a.safetensors"])
    }

    @Test func theNearestNameIsSuggested() throws {
        let path = folder.file("a.safetensors")
        try SafetensorsFile.write(["conv1.weight": try Tensor(zeros: [1])], to: path)
        expectError(.notFound, "no tensor 'conv1.wieght', did you mean 'conv1.weight'?") {
            try SafetensorsFile(path: path).tensor("conv1.wieght")
        }
    }

    @Test(
        "a header that lies is one clear error",
        arguments: [
            (#"{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}"#, "'a': expected data within the 8 bytes"),
            (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, "'a': expected 12 bytes for 3 F32, found 8"),
            (
                #"{"a":{"dtype":"F32","shape":[1152921504606846976],"data_offsets":[0,4611686018427387904]}}"#,
                "'a': expected data within the 8 bytes after the header, found it to end at 4611686018427387904"
            ),
            (
                #"{"a":{"dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,8]}}"#,
                "'a': expected 9223372036854775807 bytes"
            ),
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, "'a': expected data_offsets [begin, end]"),
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}"#, "'a': expected data_offsets [begin, end]"),
            (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}"#, "'a': expected data_offsets [begin, end]"),
            (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, "'a': expected a shape"),
            (#"{"a":{"dtype":"F32","shape":[2]}}"#, "'a': missing 'data_offsets'"),
            (#"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,8]}}"#, "JSON"),
            (#"{"a":{"dtype":7,"shape":[2],"data_offsets":[0,8]}}"#, "'a': dtype"),
            (#"{"a":3}"#, "'a'"), ("[1]", "expected a header of JSON"), ("{", "expected a header of JSON"),
            ("", "JSON"),
            (String(repeating: "[", count: 100_000), "JSON"),
        ])
    func hostileHeader(header: String, message: String) throws {
        let path = try write(header: header, data: [UInt8](repeating: 0, count: 8))
        expectError(.malformedFile, "file.safetensors", message) { try SafetensorsFile(path: path) }
    }

    @Test(arguments: [UInt64(1) << 60, .max, 100_000_001, 3])
    func aHeaderLongerThanTheFileIsRefused(length: UInt64) throws {
        let path = try write(header: "{}", length: length)
        expectError(.malformedFile, "expected a header of at most 2 bytes, found a length of \(length)") {
            try SafetensorsFile(path: path)
        }
    }

    @Test(arguments: [[], [1, 2, 3]] as [[UInt8]])
    func aFileWithoutAHeaderIsRefused(bytes: [UInt8]) throws {
        let path = try folder.write(bytes, to: "short.safetensors")
        expectError(.malformedFile, "expected at least 8 bytes, found \(bytes.count)") {
            try SafetensorsFile(path: path)
        }
    }

    @Test func everyTruncationIsRefused() throws {
        let path = folder.file("a.safetensors")
        try SafetensorsFile.write(["a": try Tensor([1, 2, 3], shape: [3])], to: path)
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        for count in 0..<bytes.count {
            let cut = try folder.write(Array(bytes.prefix(count)), to: "cut.safetensors")
            expectError(.malformedFile, "cut.safetensors") { try SafetensorsFile(path: cut) }
        }
    }

    @Test func anUnknownTypeMattersOnlyWhenAskedFor() throws {
        let header =
            #"{"a":{"dtype":"C64","shape":[1],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[8],"data_offsets":[0,8]}}"#
        let file = try SafetensorsFile(path: write(header: header, data: [UInt8](0..<8)))
        expectError(.notSupported, "tensor 'a'", "found C64") { try file.tensor("a") }
        #expect(try file.tensor("b").withUnsafeBytes { Array($0) } == [UInt8](0..<8))
    }

    @Test func misalignedDataIsCopied() throws {
        // The header's length of an odd number puts the data at an odd address.
        var header = #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[1,9]}}"#
        if header.utf8.count % 2 == 1 { header += " " }
        let data: [UInt8] = [0, 0, 0, 0x80, 0x3F, 0, 0, 0, 0x40]
        let file = try SafetensorsFile(path: write(header: header, data: data))
        #expect(try file.tensor("a").floats() == [1, 2])
    }

    @Test func sixteenBitFloatsBecomeF32() throws {
        let header =
            #"{"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[4,8]}}"#
        let file = try SafetensorsFile(path: write(header: header, data: [0, 0x3C, 0, 0xC5, 0x80, 0x3F, 0x20, 0xC0]))
        #expect(try file.tensor("h").convertedToF32().floats() == [1, -5])
        #expect(try file.tensor("b").convertedToF32().floats() == [1, -2.5])
    }
}
