import TesseraCore

/// x itself. Nothing is left of it once the network is bound.
public struct Identity: CopyingOperator, Equatable {
    public static let name = "identity"
    public static let summary = "The input itself"
    public static let keys: [Key<Identity>] = []

    public init() {}

    public var isPointwise: Bool { true }

    public func resolved(_ inputs: [GivenInput]) throws -> Resolution { .input(0) }
    public func outputTypes(for inputs: [ElementType]) throws -> [ElementType] { [inputs[0]] }
    public func outputShapes(for inputs: [Shape]) throws -> [Shape] { [inputs[0]] }

    public func tile(_ region: Region, ofOutput output: Int, inputs: [Shape]) throws -> OperatorTile {
        OperatorTile(op: self, inputs: [region])
    }

    public func forward(_ inputs: [Tensor], parameters: [String: Tensor]) throws -> [Tensor] { [inputs[0]] }
}
