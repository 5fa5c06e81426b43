import Tessera
import TesseraTestSupport
import Testing

@testable import TesseraOneDNN

@Suite struct SharedWeightsTests {
    @Test("sessions that want the same weight in the same layout share it, and others do not")
    func sharing() throws {
        let tensor = try Tensor((0..<64).map { Float($0) * 0.37 }, shape: [8, 8, 1, 1])
        let (plain, last) = (try Layout.plain([8, 8, 1, 1]), try Layout.plain([8, 8, 1, 1], innermost: 1))
        let stream = try Stream()
        func packed(_ tensor: Tensor, _ layout: Layout, _ precision: Precision = .f32) throws -> Allocation {
            try PackedWeights.shared.weights(tensor, as: plain, in: layout, rounding: precision, stream: stream)
        }
        let first = try packed(tensor, last)
        #expect(try packed(tensor, last) === first)
        #expect(try packed(tensor, last, .f16) !== first)
        #expect(try packed(tensor, .plain([8, 8, 1, 1], innermost: 0)) !== first)
        #expect(try packed(Tensor(tensor.floats(), shape: tensor.shape), last) !== first)
        var changed = tensor
        try changed.withMutableFloats { $0[0] = 5 }
        let other = try packed(changed, last)
        #expect(other !== first && other.address.load(as: Float.self) == 5)
    }
}
