import TesseraCore
import TesseraOperators

/// The largest activation is learned, and kept small: Choi et al., "PACT: Parameterized Clipping Activation for Quantized Neural
/// Networks", 2018. Weights are rounded as DoReFa does.
public struct ParameterizedClipping: FakeQuantizer, Configurable, Equatable {
    public static let name = "pact"
    public static let summary = "a learned largest activation; weights as those of dorefa"

    public var decay = 0.0002

    public init() {}

    public static let shorthandKey: String? = "decay"
    public static let keys: [Key<ParameterizedClipping>] = [
        Key("decay", \.decay, "how strongly the largest activation is pulled towards 0")
    ]

    public func validate() throws {
        guard decay >= 0, decay.isFinite else {
            throw TesseraError(.invalidArgument, "expected a 'decay' from 0, found \(decay)")
        }
    }

    public func activations(bits: Int, isSigned: Bool, count: Int) -> FakeQuantize {
        FakeQuantize(bits: bits, isSigned: isSigned, learned: .limit(decay: decay))
    }

    public func weights(bits: Int) -> any IntegerValuedWeights { DoReFa().weights(bits: bits) }
}
