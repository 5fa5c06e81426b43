/// The type of a tensor's elements.
public enum ElementType: String, Sendable, CaseIterable, Codable {
    /// IEEE binary64.
    case f64
    /// IEEE binary32.
    case f32
    /// IEEE binary16.
    case f16
    /// The upper half of a binary32.
    case bf16
    case i64, i32, i16, i8
    case u64, u32, u16, u8
    /// One byte, 0 or 1.
    case bool

    /// Bytes that one element takes.
    public var byteCount: Int {
        switch self {
        case .u8, .i8, .bool: 1
        case .f16, .bf16, .i16, .u16: 2
        case .f32, .i32, .u32: 4
        case .f64, .i64, .u64: 8
        }
    }
}
