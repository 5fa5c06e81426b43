/// The weights that the numbers of a layer stand for, ready to be looked up for many.
struct WeightValues: Sendable {
    private let mapping: WeightMapping
    private let groupSize: Int
    private let largest: Int
    /// Of one range, the weight of each number. Tables of many ranges would take more memory than the weights.
    private let table: [Float]
    /// Of many ranges, the number of each that comes back as 0.
    private let zeros: [Int?]

    /// - Parameter count: the weights of the layer.
    init(_ mapping: WeightMapping, count: Int) {
        self.mapping = mapping
        groupSize = mapping.groupSize(of: count)
        largest = 1 << mapping.bits - 1
        let hasOneRange = mapping.minima.count == 1
        let zeros = mapping.minima.indices.map { mapping.zeroNumber(group: $0) }
        table = hasOneRange ? (0...largest).map { mapping.value(of: $0, group: 0, zero: zeros[0]) } : []
        self.zeros = hasOneRange ? [] : zeros
    }

    /// - Parameter place: that of the weight among all of the layer.
    func value(_ number: UInt16, at place: Int) -> Float {
        let number = min(Int(number), largest)
        guard table.isEmpty else { return table[number] }
        let group = place / groupSize
        return mapping.value(of: number, group: group, zero: zeros[group])
    }
}
