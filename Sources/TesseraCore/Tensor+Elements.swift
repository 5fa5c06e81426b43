/// Elements as numbers that the readable forward of an operator can compute with.
extension Tensor {
    /// All elements as binary64: exact for every type but 64-bit integers beyond 2^53.
    public func reals() -> [Double] {
        // The usual type goes past the look-up of the type, which every element would pay for.
        elementType == .f32 ? reals(Float.self) : reals(elementType.swiftType)
    }

    /// All elements as 64-bit integers: fractions are dropped, `u64` keeps its bits.
    public func integers() -> [Int64] { integers(elementType.swiftType) }

    /// A tensor of numbers, each rounded to the nearest element; integers drop the fraction and saturate.
    ///
    /// - Throws: `shapeMismatch` if there are not as many numbers as the shape has elements.
    public init(reals: [Double], shape: Shape, elementType: ElementType) throws {
        self =
            elementType == .f32
            ? try Self.rounding(reals, shape, Float.self) : try Self.rounding(reals, shape, elementType.swiftType)
    }

    /// A tensor of integers; a narrow type takes the lower bits.
    ///
    /// - Throws: `shapeMismatch` if there are not as many numbers as the shape has elements.
    public init(integers: [Int64], shape: Shape, elementType: ElementType = .i64) throws {
        self = try Self.wrapping(integers, shape, elementType.swiftType)
    }

    /// The elements as an array of their Swift type.
    ///
    /// - Throws: `invalidArgument` for another element type.
    public func elements<Element: TensorElement>(_ type: Element.Type = Element.self) throws -> [Element] {
        guard elementType == Element.elementType else {
            throw TesseraError(
                .invalidArgument, "expected a tensor of \(Element.elementType), found \(elementType)")
        }
        return withElements(as: Element.self, Array.init)
    }

    /// A tensor of the given elements, in row-major order.
    public init<Element: TensorElement>(elements: [Element], shape: Shape) throws {
        try self.init(elements, shape: shape) { $0 }
    }

    private func reals<Element: TensorElement>(_ type: Element.Type) -> [Double] {
        withElements(as: type) { $0.map(\.real) }
    }

    private func integers<Element: TensorElement>(_ type: Element.Type) -> [Int64] {
        withElements(as: type) { $0.map(\.integer) }
    }

    private static func rounding<Element: TensorElement>(
        _ reals: [Double], _ shape: Shape, _ type: Element.Type
    ) throws -> Tensor {
        try Tensor(reals, shape: shape) { Element(rounding: $0) }
    }

    private static func wrapping<Element: TensorElement>(
        _ integers: [Int64], _ shape: Shape, _ type: Element.Type
    ) throws -> Tensor {
        try Tensor(integers, shape: shape) { Element(wrapping: $0) }
    }

    private init<Element: TensorElement, Number>(
        _ numbers: [Number], shape: Shape, _ element: (Number) -> Element
    ) throws {
        guard numbers.count == shape.elementCount else {
            throw TesseraError(
                .shapeMismatch, "expected \(shape.elementCount) values for \(shape), found \(numbers.count)")
        }
        try self.init(zeros: shape, elementType: Element.elementType)
        withUnsafeMutableBytes { bytes in
            let elements = bytes.bindMemory(to: Element.self)
            for index in numbers.indices { elements[index] = element(numbers[index]) }
        }
    }
}
