/// Where a codec writes its result to. Used by one call at a time.
final class PluginOutput {
    var bytes: [UInt8] = []

    var handle: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    static func at(_ handle: OpaquePointer?) -> PluginOutput? {
        guard let handle else { return nil }
        return Unmanaged<PluginOutput>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
    }
}
