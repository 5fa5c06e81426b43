import TesseraCore

/// The index of the largest element along an axis: of the first or, with `last_index`, the last of those that are equal.
public struct ArgMax: ArgExtreme, Equatable {
    public static let name = "arg_max"
    public static let summary = "Index of the largest element along an axis"

    public var axis = 0
    public var keepAxis = true
    public var lastIndex = false

    public init() {}

    public init(axis: Int, keepAxis: Bool = true, lastIndex: Bool = false) {
        (self.axis, self.keepAxis, self.lastIndex) = (axis, keepAxis, lastIndex)
    }

    public static let keys: [Key<ArgMax>] = [
        Key("axis", \.axis, "the axis along which elements are compared"),
        Key("keep_axis", \.keepAxis, "whether the axis remains, with size 1"),
        Key("last_index", \.lastIndex, "whether the last of equal elements is taken"),
    ]

    public func precedes<Number: Comparable>(_ a: Number, _ b: Number) -> Bool { a > b }
}
