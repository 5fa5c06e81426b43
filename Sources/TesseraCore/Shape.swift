/// The sizes of a tensor, outermost first: a picture batch is [batch, channels, height, width] (NCHW).
public struct Shape: Sendable, Hashable, ExpressibleByArrayLiteral, CustomStringConvertible {
    public var dimensions: [Int]

    public init(_ dimensions: [Int]) { self.dimensions = dimensions }
    public init(arrayLiteral elements: Int...) { dimensions = elements }

    public var rank: Int { dimensions.count }

    /// The product of all sizes; `Int.max` if that does not fit, so that an absurd shape fails where memory is asked for.
    public var elementCount: Int { dimensions.reduce(1, Self.saturatingProduct) }

    public subscript(_ axis: Int) -> Int {
        get { dimensions[axis] }
        set { dimensions[axis] = newValue }
    }

    /// Elements between neighbours along each axis of a dense tensor of this shape.
    public var strides: [Int] {
        var strides = [Int](repeating: 1, count: rank)
        for axis in stride(from: rank - 2, through: 0, by: -1) {
            strides[axis] = Self.saturatingProduct(strides[axis + 1], dimensions[axis + 1])
        }
        return strides
    }

    /// The sizes after batch and channels: [height, width] of a picture.
    public var spatial: ArraySlice<Int> { dimensions.dropFirst(2) }

    public var description: String { dimensions.map(String.init).joined(separator: "x") }

    /// The sum of two sizes, `Int.max` on overflow.
    public static func saturatingSum(_ a: Int, _ b: Int) -> Int {
        let (sum, overflow) = a.addingReportingOverflow(b)
        return overflow ? Int.max : sum
    }

    /// The product of two sizes, `Int.max` on overflow.
    public static func saturatingProduct(_ a: Int, _ b: Int) -> Int {
        let (product, overflow) = a.multipliedReportingOverflow(by: b)
        return overflow ? Int.max : product
    }
}

/// One size of a shape that may be left open until an input arrives.
public enum Dimension: Sendable, Hashable, CustomStringConvertible {
    case fixed(Int)
    case symbol(String)

    /// The size; nil if it is open.
    public var fixedSize: Int? {
        if case .fixed(let size) = self { size } else { nil }
    }

    public var description: String {
        switch self {
        case .fixed(let size): String(size)
        case .symbol(let name): name
        }
    }
}

/// A shape whose sizes may be names, such as `1x1xheightxwidth`.
public struct SymbolicShape: Sendable, Hashable, CustomStringConvertible {
    public var dimensions: [Dimension]

    public init(_ dimensions: [Dimension]) { self.dimensions = dimensions }
    public init(_ shape: Shape) { dimensions = shape.dimensions.map(Dimension.fixed) }

    /// The shape, if no size is left open.
    public var concrete: Shape? {
        let sizes = dimensions.compactMap(\.fixedSize)
        return sizes.count == dimensions.count ? Shape(sizes) : nil
    }

    public var description: String { dimensions.map(\.description).joined(separator: "x") }

    /// Checks `shape` against this one and records what its names stand for in `bindings`.
    ///
    /// - Throws: `shapeMismatch` if the rank, a fixed size, or a name bound before differs.
    public func bind(_ shape: Shape, into bindings: inout [String: Int]) throws {
        guard shape.rank == dimensions.count else {
            throw TesseraError(.shapeMismatch, "expected \(self), found \(shape)")
        }
        for (dimension, size) in zip(dimensions, shape.dimensions) {
            guard size > 0 || dimension == .fixed(0) else {
                throw TesseraError(.shapeMismatch, "expected \(self) with sizes of at least 1, found \(shape)")
            }
            switch dimension {
            case .fixed(let expected) where expected != size:
                throw TesseraError(.shapeMismatch, "expected \(self), found \(shape)")
            case .fixed: break
            case .symbol(let name):
                if let bound = bindings[name], bound != size {
                    throw TesseraError(
                        .shapeMismatch, "expected \(self) with \(name) = \(bound) as elsewhere, found \(shape)")
                }
                bindings[name] = size
            }
        }
    }
}
