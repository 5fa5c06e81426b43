import Foundation
import Testing
import TesseraCluster
import TesseraCore

@Suite struct ContentHashTests {
    /// By Python: `sha256(b"f32:1x2\\0" + struct.pack("<2f", 1.0, -2.5))`.
    @Test func isTheHashOfTypeShapeAndBytes() throws {
        let hash = ContentHash(try Tensor([1, -2.5], shape: [1, 2]))
        #expect(hash.hexadecimal == "40dd384669da8f9025554a56c971facc055511cf8906befa3f781bc97f636a20")
    }

    @Test func differsByShapeTypeAndValue() throws {
        let tensors = [
            try Tensor([0, 0], shape: [2]), try Tensor([0, 0], shape: [1, 2]), try Tensor([0, -0.0], shape: [2]),
            try Tensor(zeros: [2], elementType: .i32), try Tensor(zeros: [8], elementType: .u8), try Tensor(zeros: [0]),
        ]
        #expect(Set(tensors.map(ContentHash.init)).count == tensors.count)
    }

    @Test func isWrittenAsAString() throws {
        let hash = ContentHash(try Tensor([1], shape: [1]))
        let json = try JSONEncoder().encode([hash])
        #expect(String(decoding: json, as: UTF8.self) == "[\"\(hash)\"]")
        #expect(try JSONDecoder().decode([ContentHash].self, from: json) == [hash])
        for bad in ["", "abc", String(repeating: "A", count: 64), String(repeating: "/", count: 64)] {
            #expect(throws: TesseraError.self) { try ContentHash(hexadecimal: bad) }
        }
    }
}
