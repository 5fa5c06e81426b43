import TesseraCore

/// What a sliding window sees beyond the border.
public enum Padding: ConfigurationValue, Equatable {
    /// As much as makes the output as large as the input divided by the stride, rounded up; an odd rest goes to the end.
    case same
    /// The same, but an odd rest goes to the beginning.
    case sameLower
    /// Elements before and after each axis, in ONNX's order: all befores, then all afters ([top, left, bottom, right]).
    /// One value stands for all sides, one for each axis for both its sides. A negative value drops elements.
    case explicit([Int])

    public init(configuration: Configuration) throws {
        if case .string("same") = configuration.content {
            self = .same
        } else if case .string("same_lower") = configuration.content {
            self = .sameLower
        } else if case .string = configuration.content {
            throw configuration.unexpected("'same', 'same_lower', an integer or a list of integers")
        } else {
            self = .explicit(try [Int](configuration: configuration))
        }
    }

    public var configuration: Configuration {
        switch self {
        case .same: Configuration(.string("same"))
        case .sameLower: Configuration(.string("same_lower"))
        case .explicit(let values): values.count == 1 ? values[0].configuration : values.configuration
        }
    }

    public static var typeDescription: String { "same, same_lower, integer, or list of integers" }

    /// Padding before and after each axis.
    func resolved(_ axes: [SlidingWindow.Axis], inputs: [Int]) throws -> [(before: Int, after: Int)] {
        if case .explicit(let values) = self { return try Self.sides(values, rank: axes.count) }
        return zip(axes, inputs).map { axis, size in
            let outputs = (size + axis.stride - 1) / axis.stride
            return split(max(0, (outputs - 1) * axis.stride + axis.extent - size))
        }
    }

    /// A total of padding as what stands before and after; the larger half after, unless it is `sameLower`.
    func split(_ total: Int) -> (before: Int, after: Int) {
        self == .sameLower ? (total - total / 2, total / 2) : (total / 2, total - total / 2)
    }

    /// The sides of `rank` axes that a list of values means.
    static func sides(_ values: [Int], rank: Int) throws -> [(before: Int, after: Int)] {
        switch values.count {
        case 1: return [(before: Int, after: Int)](repeating: (values[0], values[0]), count: rank)
        case rank: return values.map { ($0, $0) }
        case 2 * rank: return (0..<rank).map { (values[$0], values[$0 + rank]) }
        default:
            throw TesseraError(.shapeMismatch, "'padding' expects 1, \(rank) or \(2 * rank) values, found \(values)")
        }
    }
}
