/// The type of a tensor's elements.
public enum ElementType: String, Sendable, CaseIterable, Codable {
    /// IEEE binary32.
    case f32
    /// IEEE binary16.
    case f16
    /// The upper half of a binary32.
    case bf16
    case u8
    case s8
    case s32
    case i64

    /// Bytes that one element takes.
    public var byteCount: Int {
        switch self {
        case .u8, .s8: 1
        case .f16, .bf16: 2
        case .f32, .s32: 4
        case .i64: 8
        }
    }
}
