/// Numbers between guards, which show what a library does to them.
///
/// Not `Sendable`: made, used and dropped within one call.
final class GuardedFloats {
    /// Numbers on each side, a line of the cache and more.
    private static let margin = 64
    // Quiet NaNs, whose bits no computation makes of other numbers.
    private static let outside: UInt32 = 0x7FEB_CDEF
    private static let unwritten: UInt32 = 0x7FED_CBA9
    private static let sign: UInt32 = 0x8000_0000

    private let memory: UnsafeMutablePointer<UInt32>
    private let before: [UInt32]

    /// A copy of some numbers.
    convenience init(_ elements: [Float]) { self.init(bits: elements.map(\.bitPattern)) }

    /// Numbers that are yet to be written.
    convenience init(unwritten count: Int) { self.init(bits: [UInt32](repeating: Self.unwritten, count: count)) }

    private init(bits: [UInt32]) {
        let margin = [UInt32](repeating: Self.outside, count: Self.margin)
        before = margin + bits + margin
        memory = .allocate(capacity: before.count)
        memory.initialize(from: before, count: before.count)
    }

    deinit { memory.deallocate() }

    private var range: Range<Int> { Self.margin..<before.count - Self.margin }

    var elements: UnsafeMutablePointer<Float> {
        UnsafeMutableRawPointer(memory + Self.margin).assumingMemoryBound(to: Float.self)
    }

    /// What differs from before; nil if nothing does.
    var change: String? {
        guard let index = before.indices.first(where: { memory[$0] != before[$0] }) else { return nil }
        guard range.contains(index) else { return strayWrite(at: index) }
        return
            "expected element \(index - Self.margin) to stay \(Float(bitPattern: before[index])), found \(Float(bitPattern: memory[index]))"
    }

    /// What is wrong with numbers that were to be written; nil if nothing is.
    var fault: String? {
        if let index = before.indices.first(where: { !range.contains($0) && memory[$0] != before[$0] }) {
            return strayWrite(at: index)
        }
        for index in range {
            let bits = memory[index] & ~Self.sign
            if bits == Self.unwritten {
                return "expected element \(index - Self.margin) to be written, found it as it was"
            }
            if bits == Self.outside {
                return "expected element \(index - Self.margin) to be made of the inputs, found what lies beside one"
            }
        }
        return nil
    }

    private func strayWrite(at index: Int) -> String {
        let offset = index < range.lowerBound ? index - range.lowerBound : index - range.upperBound + 1
        return
            "expected nothing to be written beside the elements, found a write \(abs(offset)) \(offset < 0 ? "before the first" : "after the last")"
    }
}
