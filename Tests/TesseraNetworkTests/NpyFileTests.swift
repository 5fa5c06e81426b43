import TesseraCore
import TesseraTestSupport
import Testing

@testable import TesseraNetwork

@Suite struct NpyFileTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func write(_ dictionary: String, data: [UInt8], version: UInt8 = 1) throws -> String {
        let text = Array((dictionary + "\n").utf8)
        let length = [UInt8(text.count & 0xFF), UInt8(text.count >> 8)] + (version == 1 ? [] : [0, 0])
        return try folder.write([0x93] + Array("NUMPY".utf8) + [version, 0] + length + text + data, to: "a.npy")
    }

    @Test(arguments: [ElementType.f32, .f16, .u8, .i8, .i32, .i64], [[], [5], [2, 3], [1, 0, 4]] as [Shape])
    func whatIsWrittenIsReadBack(type: ElementType, shape: Shape) throws {
        var tensor = try Tensor(zeros: shape, elementType: type)
        tensor.withUnsafeMutableBytes { for index in $0.indices { $0[index] = UInt8(truncatingIfNeeded: index * 37) } }
        let path = folder.file("a.npy")
        try NpyFile.write(tensor, to: path)
        #expect(try NpyFile.read(path) == tensor)
    }

    @Test("every version and key order is read", arguments: [1, 2, 3] as [UInt8])
    func versions(version: UInt8) throws {
        let path = try write(
            "{\"shape\": (2,), 'fortran_order': False, 'descr': '<u1'}", data: [7, 9], version: version)
        let tensor = try NpyFile.read(path)
        #expect(tensor.elementType == .u8 && tensor.shape == [2])
        #expect(tensor.withUnsafeBytes { Array($0) } == [7, 9])
    }

    @Test func doublesKeepTheirDigits() throws {
        let data = [1.0 / 3, -2.25].flatMap { value in withUnsafeBytes(of: value) { Array($0) } }
        let path = try write("{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", data: data)
        #expect(try NpyFile.read(path).elementType == .f64)
        #expect(try NpyFile.read(path).reals() == [1.0 / 3, -2.25])
    }

    @Test(
        arguments: [
            ("{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", TesseraError.Code.notSupported, "C order"),
            ("{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", .notSupported, "found '>f4'"),
            ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", .notSupported, "records"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", .malformedFile, "expected 8 bytes"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", .malformedFile, "expected a shape"),
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4), }", .malformedFile,
                "expected 9223372036854775807 bytes"
            ),
            ("{'descr': '<f4', 'shape': (1,), }", .malformedFile, "missing 'fortran_order'"),
            ("{'descr': '<f4' 'shape': (1,), }", .malformedFile, "expected ','"),
            ("{'descr", .malformedFile, "quoted word"), ("", .malformedFile, "expected '{'"),
        ])
    func refused(dictionary: String, code: TesseraError.Code, message: String) throws {
        let path = try write(dictionary, data: [0, 0, 0, 0])
        expectError(code, "a.npy", message) { try NpyFile.read(path) }
    }

    @Test func everyTruncationIsRefused() throws {
        let dictionary = Array("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }\n".utf8)
        let bytes = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(dictionary.count), 0] + dictionary + [1, 2, 3]
        for count in 0..<bytes.count {
            let path = try folder.write(Array(bytes.prefix(count)), to: "cut.npy")
            expectError(.malformedFile, "cut.npy") { try NpyFile.read(path) }
        }
    }
}
