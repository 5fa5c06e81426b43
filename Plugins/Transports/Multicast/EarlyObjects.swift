import Foundation

/// Objects that came before their announcement, or from somebody unknown: as many as there is room for, the latest.
struct EarlyObjects: Sendable {
    private static let limit = 32 << 20

    private var objects: [(label: ObjectLabel, object: Data)] = []
    private var byteCount = 0

    /// - Returns: how many others had to make room.
    mutating func add(_ object: Data, _ label: ObjectLabel) -> Int {
        objects.append((label, object))
        byteCount += object.count
        var dropped = 0
        while byteCount > Self.limit {
            byteCount -= objects[dropped].object.count
            dropped += 1
        }
        objects.removeFirst(dropped)
        return dropped
    }

    /// Removes those with the labels that `isWanted` says, in the order they came.
    mutating func take(where isWanted: (ObjectLabel) -> Bool) -> [(label: ObjectLabel, object: Data)] {
        let taken = objects.filter { isWanted($0.label) }
        objects.removeAll { isWanted($0.label) }
        byteCount -= taken.reduce(0) { $0 + $1.object.count }
        return taken
    }
}
