import Tessera
import TesseraTestSupport
import Testing

@Suite struct WeightMappingTests {
    private func mapped(_ weights: [Float], bits: Int, channels: Int = 1) throws -> (WeightMapping, [UInt16], [Float]) {
        try weights.withUnsafeBufferPointer { floats in
            let mapping = try WeightMapping(intervalsOf: floats, bits: bits, channels: channels)
            let numbers = mapping.numbers(of: floats)
            let size = max(1, weights.count / mapping.minima.count)
            return (
                mapping, numbers, numbers.indices.map { mapping.value(of: Int(numbers[$0]), group: $0 / size) }
            )
        }
    }

    @Test("by hand: four intervals of [-1, 1], and their middles")
    func byHand() throws {
        let (_, numbers, values) = try mapped([-1, -0.51, -0.5, -0.01, 0.01, 0.49, 0.5, 1], bits: 2)
        #expect(numbers == [0, 0, 1, 1, 2, 2, 3, 3])
        #expect(values == [-0.75, -0.75, -0.25, -0.25, 0.25, 0.25, 0.75, 0.75])
    }

    @Test("by hand: each channel has a range of its own")
    func perChannel() throws {
        let (mapping, numbers, values) = try mapped([0.5, 1, 1.5, -8, 0.5, 8], bits: 1, channels: 2)
        #expect(mapping.minima == [0.5, -8] && mapping.steps == [0.5, 8])
        #expect(numbers == [0, 1, 1, 0, 1, 1])
        #expect(values == [0.75, 1.25, 1.25, -4, 4, 4])
    }

    @Test("zeros remain zeros", arguments: [1, 3, 8, 16])
    func zeros(bits: Int) throws {
        let (_, _, values) = try mapped([-0.3, 0, 0.7, 0, 0.11, -0.0], bits: bits)
        #expect(values[1] == 0 && values[3] == 0 && values[5] == 0)
    }

    @Test("a layer of one value, and one of no weights")
    func oneValue() throws {
        #expect(try mapped([0.3, 0.3, 0.3], bits: 8).2 == [0.3, 0.3, 0.3])
        #expect(try mapped([-7], bits: 16).2 == [-7])
        #expect(try mapped([0, 0], bits: 8).2 == [0, 0])
        #expect(try mapped([], bits: 8).1.isEmpty)
    }

    @Test("what is no finite number is refused", arguments: [Float.nan, .infinity, -.infinity])
    func noNumbers(value: Float) {
        expectError(.invalidArgument, "expected finite weights", "place 1") { try mapped([0, value, 1], bits: 8) }
    }

    @Test("a weight comes back within half an interval, or one where 0 is kept", arguments: propertySeeds(30))
    func accuracy(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let bits = Int.random(in: 1...16, using: &generator)
        let channels = Int.random(in: 1...4, using: &generator)
        let scale = Float.random(in: 1e-6...1e6, using: &generator)
        let hasZeros = Bool.random(using: &generator)
        let weights = (0..<channels * 50).map { index in
            hasZeros && index % 7 == 3 ? 0 : Float.random(in: -scale...scale, using: &generator)
        }
        let (mapping, numbers, values) = try mapped(weights, bits: bits, channels: channels)
        #expect(numbers.allSatisfy { Int($0) < 1 << bits }, "seed \(seed)")
        for index in weights.indices {
            let step = mapping.steps[index / 50]
            let error = abs(Double(values[index]) - Double(weights[index]))
            // What shares the interval of 0 may be a whole interval away from it.
            let most = hasZeros && values[index] == 0 ? step : step * 0.5
            #expect(error <= most * (1 + 1e-6) + Double(scale) * 1e-7, "seed \(seed)")
            if weights[index] == 0 { #expect(values[index] == 0, "seed \(seed)") }
        }
    }

    @Test("by hand: a grid through zero")
    func grid() throws {
        let weights: [Float] = [-0.6, -0.24, -0.26, 0, 0.2, 0.8, 1.3]
        try weights.withUnsafeBufferPointer { floats in
            let mapping = try WeightMapping(gridOf: floats, step: 0.5)
            #expect(mapping.numbers(of: floats) == [0, 1, 0, 1, 1, 3, 4])
            #expect(mapping.bits == 3)
            // With a dead zone of 0.3 steps, what is less than 0.4 becomes 0, and 1.3 is less than 1.4.
            #expect(mapping.numbers(of: floats, deadZone: 0.3) == [0, 1, 1, 1, 1, 2, 3])
            #expect((0..<5).map { mapping.value(of: $0) } == [-0.5, 0, 0.5, 1, 1.5])
        }
        weights.withUnsafeBufferPointer { floats in
            expectError(.invalidArgument, "at most 65536 intervals") { try WeightMapping(gridOf: floats, step: 1e-9) }
            expectError(.invalidArgument, "above 0") { try WeightMapping(gridOf: floats, step: 0) }
        }
    }
}
