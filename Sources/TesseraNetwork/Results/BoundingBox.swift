import TesseraCore

/// A rectangle in a picture, in pixels from its top-left corner.
public struct BoundingBox: Sendable, Equatable {
    public var left: Float
    public var top: Float
    public var right: Float
    public var bottom: Float

    public init(left: Float, top: Float, right: Float, bottom: Float) {
        (self.left, self.top, self.right, self.bottom) = (left, top, right, bottom)
    }

    var area: Float { max(0, right - left) * max(0, bottom - top) }

    /// The area that two boxes share over the area that they cover together (intersection over union).
    func overlap(_ other: BoundingBox) -> Float {
        let shared = BoundingBox(
            left: max(left, other.left), top: max(top, other.top), right: min(right, other.right),
            bottom: min(bottom, other.bottom)
        ).area
        let union = area + other.area - shared
        return union > 0 ? shared / union : 0
    }
}

/// What the four numbers of a box are.
public enum BoxFormat: String, Sendable, ConfigurationChoice {
    /// Left, top, right, bottom.
    case xyxy
    /// Top, left, bottom, right.
    case yxyx
    /// Left, top, width, height.
    case xywh
    /// The centre, then width and height.
    case cxcywh

    func box(_ values: ArraySlice<Float>) -> BoundingBox {
        let (a, b, c, d) = (
            values[values.startIndex], values[values.startIndex + 1], values[values.startIndex + 2],
            values[values.startIndex + 3]
        )
        return switch self {
        case .xyxy: BoundingBox(left: min(a, c), top: min(b, d), right: max(a, c), bottom: max(b, d))
        case .yxyx: BoundingBox(left: min(b, d), top: min(a, c), right: max(b, d), bottom: max(a, c))
        case .xywh: BoundingBox(left: a, top: b, right: a + c, bottom: b + d)
        case .cxcywh: BoundingBox(left: a - c / 2, top: b - d / 2, right: a + c / 2, bottom: b + d / 2)
        }
    }
}

/// What the numbers of a box count.
public enum BoxCoordinates: String, Sendable, ConfigurationChoice {
    /// From 0 to 1 over the network's input.
    case normalized
    /// Pixels of the network's input.
    case pixels
}
