import TesseraCore

/// The mean over all spatial axes: [batch, channels, spatial…] to [batch, channels, 1…].
public struct GlobalAveragePool: GlobalPooling, Equatable {
    public static let name = "global_average_pool"
    public static let summary = "Mean over all spatial axes"
    public static let keys: [Key<GlobalAveragePool>] = []

    public init() {}

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        [try commonType(of: inputs) { $0.isFloatingPoint }]
    }

    public func pool(_ values: ArraySlice<Double>) -> Double { values.reduce(0, +) / Double(values.count) }
}
