import Synchronization
import TesseraCore
import TesseraNetwork

/// Keeps decoded pictures, as many as fit into a given amount of memory, so that a small data set is decoded once.
public final class CachedDataSet: DataSet {
    private let base: any DataSet
    private let limit: Int
    private let state: Mutex<(pictures: [Picture?], bytes: Int)>

    /// - Parameter memory: bytes of pixels that are kept at most.
    public init(_ base: any DataSet, memory: Int) {
        (self.base, limit) = (base, memory)
        state = Mutex(([Picture?](repeating: nil, count: base.count), 0))
    }

    public var count: Int { base.count }
    public var classes: [String] { base.classes }
    public func label(_ index: Int) -> Int? { base.label(index) }

    public func picture(_ index: Int) throws -> Picture {
        if let picture = state.withLock({ $0.pictures[index] }) { return picture }
        let picture = try base.picture(index)
        state.withLock { state in
            guard state.pictures[index] == nil, state.bytes + picture.pixels.count <= limit else { return }
            state.pictures[index] = picture
            state.bytes += picture.pixels.count
        }
        return picture
    }
}
