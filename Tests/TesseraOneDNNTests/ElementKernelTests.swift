import CKernels
import Testing

/// Kernels that do the same with every element, against what is computed here one by one: for counts around vectors, cache lines and what
/// is worth several threads, and numbers at the ends of what types hold.
@Suite struct ElementKernelTests {
    static let counts = [0, 1, 7, 8, 63, 65, 16383, 16385]
    static let edges: [Float] = [
        0, -0.0, 1, -1, .nan, .infinity, -.infinity, 65504, 65519, 65519.996, 65520, -65520, 0x1p-24, 0x1p-25,
        0x1.8p-25, 0x1p-130,
        1.00390625, 1.01171875, 3.3895314e38, 3.4028235e38, .leastNonzeroMagnitude, 2.5, 3.5, -2.5, 127.5, 1e30, -1e30,
    ]

    /// Numbers of very different sizes, the edges among them at changing places.
    private static func numbers(_ count: Int) -> [Float] {
        (0..<count).map { index in
            index % 5 == 3 ? edges[index / 5 % edges.count] : Float(index % 1009 - 504) * Float(0.0173)
        }
    }

    /// The nearest bfloat16 number, the even one of two: found by distance. What is not a number stays that.
    private static func nearestBFloat(_ value: Float) -> Float {
        guard value.isFinite else { return value }
        let below = Float(bitPattern: value.bitPattern & 0xffff_0000)
        // The next one away from 0, 2 to the 128th for what would be infinite.
        let next = Float(bitPattern: below.bitPattern &+ 0x1_0000)
        let above = next.isFinite ? Double(next) : Double(sign: next.sign, exponent: 128, significand: 1)
        let (down, up) = (abs(Double(value) - Double(below)), abs(above - Double(value)))
        let isOdd = below.bitPattern >> 16 & 1 == 1
        return up < down || (up == down && isOdd) ? next : below
    }

    private static func isSame(_ a: Float, _ b: Float) -> Bool { a.isNaN && b.isNaN || a.bitPattern == b.bitPattern }

    @Test("rounding to the nearest, ties to the even one", arguments: [1, 3])
    func rounding(threads: Int32) {
        for count in Self.counts {
            let numbers = Self.numbers(count)
            for (precision, expected) in [
                (ck_f32, numbers), (ck_f16, numbers.map { Float(Float16($0)) }),
                (ck_bf16, numbers.map(Self.nearestBFloat)),
            ] {
                var found = numbers
                ck_round(&found, Int64(count), precision, threads)
                let wrong = found.indices.first { !Self.isSame(found[$0], expected[$0]) }
                #expect(
                    wrong == nil, "\(precision), \(count): \(wrong.map { "\(numbers[$0]) became \(found[$0])" } ?? "")")
            }
        }
    }

    @Test(
        "integers are the nearest of the quotients, within their limits, and numbers come back of them",
        arguments: [1, 3])
    func quantization(threads: Int32) {
        for count in Self.counts {
            for (scale, zeroPoint, low, high, isSigned) in [
                (Float(0.05), 0, -128, 127, true), (0.037, 128, 0, 255, false), (0.5, -3, -8, 7, true),
                (2, 5, 0, 15, false),
            ] {
                var numbers = Self.numbers(count)
                var integers = [UInt8](repeating: 99, count: count)
                let expected = numbers.map { number -> UInt8 in
                    let steps = (number / scale).rounded(.toNearestOrEven)
                    let integer = steps.isNaN ? zeroPoint : Int(max(-1e6, min(1e6, steps))) + zeroPoint
                    return UInt8(truncatingIfNeeded: max(low, min(high, integer)))
                }
                numbers.withUnsafeMutableBufferPointer { numbers in
                    integers.withUnsafeMutableBufferPointer { integers in
                        var work = ck_quantization()
                        (work.numbers, work.integers) = (numbers.baseAddress, integers.baseAddress)
                        (work.count, work.scale, work.zero_point) = (Int64(count), scale, Int32(zeroPoint))
                        (work.low, work.high, work.is_signed) = (Int32(low), Int32(high), isSigned ? 1 : 0)
                        ck_quantize(&work, threads)
                        ck_dequantize(&work, threads)
                    }
                }
                #expect(integers == expected, "\(count), scale \(scale)")
                let back = expected.map { byte -> Float in
                    Float((isSigned ? Int(Int8(bitPattern: byte)) : Int(byte)) - zeroPoint) * scale
                }
                #expect(numbers == back, "\(count), scale \(scale)")
            }
        }
    }

    @Test("signed bytes become those that are 128 larger, and back")
    func shift() {
        for count in Self.counts {
            let bytes = (0..<count).map { Int8(truncatingIfNeeded: $0) }
            var found = [UInt8](repeating: 0, count: count)
            ck_shift_bytes(bytes.map { UInt8(bitPattern: $0) }, &found, Int64(count))
            #expect(found == bytes.map { UInt8(Int($0) + 128) }, "\(count)")
        }
    }
}
