import Tessera
import TesseraTestSupport
import Testing

@testable import TesseraOneDNN

@Suite struct SharedWeightsTests {
    @Test("sessions that want the same weight in the same layout share it, and others do not")
    func sharing() throws {
        let tensor = try Tensor((0..<64).map { Float($0) * 0.37 }, shape: [8, 8, 1, 1])
        let (plain, last) = (try Layout.plain([8, 8, 1, 1]), try Layout.plain([8, 8, 1, 1], innermost: 1))
        let (stream, pages) = (try Stream(), SharedPages())
        func packed(_ tensor: Tensor, _ layout: Layout, _ precision: Precision = .f32) throws -> Allocation {
            try PackedWeights.shared.weights(
                tensor, as: plain, in: layout, rounding: precision, pages: pages, stream: stream)
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

    @Test("small weights of networks that share their memory lie on the same pages, and those of others do not")
    func pages() throws {
        let (own, other) = (ActivationMemory(), ActivationMemory())
        func pages(of memory: ActivationMemory) -> SharedPages { memory.companion { SharedPages() } }
        // In turn, as nodes of one process prepare tasks.
        let first = try pages(of: own).allocate(byteCount: 1000)
        let stranger = try pages(of: other).allocate(byteCount: 1000)
        let second = try pages(of: own).allocate(byteCount: 1000)
        #expect(second.address - first.address == 1024)
        #expect(abs(stranger.address - first.address) >= 1 << 21)
        // What does not fit into the 4 MiB begins new ones; what is large lies by itself.
        let rest = try pages(of: own).allocate(byteCount: (1 << 21) - 64)
        let next = try pages(of: own).allocate(byteCount: (1 << 21) - 64)
        #expect(rest.address - first.address == 2048)
        #expect(Int(bitPattern: next.address) % (1 << 21) == 0)
        #expect(Int(bitPattern: try pages(of: own).allocate(byteCount: 1 << 21).address) % (1 << 21) == 0)
    }
}
