import Foundation

/// Names an object among all of a group: the first bytes of each.
///
/// ```
/// object   sender's instance (16 bytes), broadcast's number (u64), index in the broadcast (u32), content
/// ```
/// Numbers are big endian. The content is a part of the broadcast's frame, sealed if the members have certificates.
struct ObjectLabel: Hashable, Sendable {
    let instance: UUID
    let number: UInt64
    let index: Int

    static let byteCount = 28

    var bytes: [UInt8] {
        withUnsafeBytes(of: instance.uuid, Array.init) + withUnsafeBytes(of: number.bigEndian, Array.init)
            + withUnsafeBytes(of: UInt32(truncatingIfNeeded: index).bigEndian, Array.init)
    }

    init(instance: UUID, number: UInt64, index: Int) {
        (self.instance, self.number, self.index) = (instance, number, index)
    }

    /// Nil if these bytes are too few.
    init?(_ object: UnsafeRawBufferPointer) {
        guard object.count >= Self.byteCount else { return nil }
        instance = UUID(uuid: object.loadUnaligned(as: uuid_t.self))
        number = UInt64(bigEndian: object.loadUnaligned(fromByteOffset: 16, as: UInt64.self))
        index = Int(UInt32(bigEndian: object.loadUnaligned(fromByteOffset: 24, as: UInt32.self)))
    }
}
