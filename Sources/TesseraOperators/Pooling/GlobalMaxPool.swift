import TesseraCore

/// The largest element over all spatial axes: [batch, channels, spatial…] to [batch, channels, 1…].
public struct GlobalMaxPool: GlobalPooling, Equatable {
    public static let name = "global_max_pool"
    public static let summary = "Maximum over all spatial axes"
    public static let keys: [Key<GlobalMaxPool>] = []

    public init() {}

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] {
        [try commonType(of: inputs) { MaxPool.accepts($0) }]
    }

    public func pool(_ values: ArraySlice<Double>) -> Double { MaxPool.largest(values) }
}
