import TesseraCore

/// Where a codec writes its result to. Used by one call at a time.
final class PluginOutput {
    /// The most bytes that are taken.
    private let limit: Int
    private(set) var bytes: [UInt8] = []
    /// Why something was not taken.
    private(set) var refusal: TesseraError?

    init(limit: Int) { self.limit = limit }

    var handle: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    static func at(_ handle: OpaquePointer?) throws -> PluginOutput {
        guard let handle else { throw TesseraError(.invalidArgument, "expected an output, found null") }
        return Unmanaged<PluginOutput>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
    }

    /// - Throws: `invalidArgument` for bytes that cannot be, `limitExceeded` for too many.
    func write(_ start: UnsafeRawPointer?, count: Int) throws {
        do {
            // A count that does not fit a signed number comes here as one below 0.
            guard count >= 0, count <= limit - bytes.count else {
                let found = count < 0 ? "more than memory has" : "\(count) more after \(bytes.count)"
                throw TesseraError(.limitExceeded, "expected at most \(limit) bytes of a result, found \(found)")
            }
            guard start != nil || count == 0 else {
                throw TesseraError(.invalidArgument, "expected \(count) bytes of a result, found null")
            }
            bytes.append(contentsOf: UnsafeRawBufferPointer(start: start, count: count))
        } catch let error as TesseraError {
            refusal = refusal ?? error
            throw error
        }
    }
}
