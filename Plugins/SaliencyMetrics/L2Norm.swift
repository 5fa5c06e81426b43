import TesseraCore
import TesseraPruning

/// √Σ w² over the kernels that make a channel (METHODS.md D6).
public struct L2Norm: SaliencyMetric, Configurable {
    public static let name = "l2"
    public static let summary = "the Euclidean norm of the weights that make a channel"

    public init() {}

    public static let keys: [Key<L2Norm>] = []

    public func saliencies(in context: SaliencyContext) throws -> [[Double]] {
        try context.map { channel in
            try context.values(of: channel, roles: [.kernel]).reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        }
    }
}
