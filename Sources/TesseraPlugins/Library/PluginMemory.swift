/// Memory for structures that a library is shown, all of which ends at once.
///
/// Not `Sendable`: made, used and dropped within one call.
final class PluginMemory {
    private var blocks: [UnsafeMutableRawPointer] = []

    deinit { for block in blocks { block.deallocate() } }

    /// A copy of some values that a pointer leads to.
    func array<Element>(_ elements: [Element]) -> UnsafePointer<Element> {
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(elements.count, 1))
        memory.initialize(from: elements, count: elements.count)
        blocks.append(UnsafeMutableRawPointer(memory))
        return UnsafePointer(memory)
    }

    func one<Element>(_ element: Element) -> UnsafePointer<Element> { array([element]) }

    /// A text that ends with a zero.
    func text(_ string: String) -> UnsafePointer<CChar> { array(Array(string.utf8CString)) }

    /// Pointers to a copy of each value: structures that may grow are shown like that.
    func pointers<Element>(_ elements: [Element]) -> UnsafePointer<UnsafePointer<Element>?> {
        array(elements.map { Optional(one($0)) })
    }
}
