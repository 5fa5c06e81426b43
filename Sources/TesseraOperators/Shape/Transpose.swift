import TesseraCore

/// Axes in another order: axis i of the result is axis order[i] of the input.
public struct Transpose: CopyingOperator, Equatable {
    public static let name = "transpose"
    public static let summary = "Axes in another order"
    public static let shapes = "x of any shape → its sizes in the new order"

    public var order: [Int]?

    public init() {}

    public init(order: [Int]?) { self.order = order }

    /// If height and width, the last two axes, remain where they are.
    public var isSpatiallyLocal: Bool {
        guard let order, order.count > 2 else { return false }
        return order.enumerated().suffix(2).allSatisfy { $1 == $0 || $1 == $0 - order.count }
    }
    public static let shorthandKey: String? = "order"
    public static let keys: [Key<Transpose>] = [
        Key("order", \.order, "the input's axes in the order they have in the result; reversed if left out")
    ]

    /// The input's axes in their new order.
    ///
    /// - Throws: `invalidArgument` unless `order` names each axis once.
    public func axes(rank: Int) throws -> [Int] {
        guard let order else { return (0..<rank).reversed() }
        let axes = try order.map { try resolveAxis($0, rank: rank, key: "order") }
        guard axes.count == rank, Set(axes).count == rank else {
            throw TesseraError(.invalidArgument, "'order' expects each of \(rank) axes once, found \(order)")
        }
        return axes
    }

    public func resolved(_ inputs: [GivenInput]) throws -> Resolution {
        let axes = try axes(rank: inputs[0].shape.rank)
        return try ControlInputs(inputs).eliding(self) { _, _ in axes == Array(axes.indices) }
    }

    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] { [inputs[0]] }

    public func outputShapes(for inputs: [Shape]) throws -> [Shape] {
        [Shape(try axes(rank: inputs[0].rank).map { inputs[0][$0] })]
    }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        var ranges = region.ranges
        for (place, axis) in try axes(rank: inputs[0].rank).enumerated() { ranges[axis] = region[place] }
        return OperatorTile(op: self, inputs: [Region(ranges)])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] {
        let tables = inputs[0].shape.tables
        return [try inputs[0].elements(atSumsOf: axes(rank: tables.count).map { tables[$0] })]
    }
}
