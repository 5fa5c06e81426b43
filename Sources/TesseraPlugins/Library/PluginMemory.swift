import TesseraCore

/// Memory for what a library is shown, all of which ends at once. `PluginGuard` watches it.
///
/// Not `Sendable`: made, used and dropped within one call.
final class PluginMemory {
    private var blocks: [UnsafeMutableRawPointer] = []
    private var buffers: [PluginGuard.Buffer] = []

    deinit {
        for block in blocks { block.deallocate() }
        for buffer in buffers { PluginGuard.release(buffer) }
    }

    /// A copy of some values that a pointer leads to.
    ///
    /// - Parameter name: what it is for the library, for what is found of its use.
    func array<Element>(_ elements: [Element], named name: String) -> UnsafePointer<Element> {
        guard let buffer = guarded(Element.self, elements.count, named: name) else {
            let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(elements.count, 1))
            memory.initialize(from: elements, count: elements.count)
            blocks.append(UnsafeMutableRawPointer(memory))
            return UnsafePointer(memory)
        }
        let memory = buffer.start.bindMemory(to: Element.self, capacity: elements.count)
        memory.initialize(from: elements, count: elements.count)
        PluginGuard.protect(buffer)
        return UnsafePointer(memory)
    }

    func one<Element>(_ element: Element, named name: String) -> UnsafePointer<Element> {
        array([element], named: name)
    }

    /// A text that ends with a zero.
    func text(_ string: String) -> UnsafePointer<CChar> {
        array(Array(string.utf8CString), named: "the text '\(string)'")
    }

    /// Pointers to a copy of each value: structures that may grow are shown like that.
    func pointers<Element>(_ elements: [Element], named name: String) -> UnsafePointer<UnsafePointer<Element>?> {
        array(elements.map { Optional(one($0, named: name)) }, named: name)
    }

    /// What the caller holds for the library to read: no copy without a watch.
    func lent<Element>(_ elements: UnsafeBufferPointer<Element>, named name: String) -> UnsafePointer<Element>? {
        PluginGuard.isOn ? array(Array(elements), named: name) : elements.baseAddress
    }

    /// Lets the library write what the caller holds.
    func filling<Element, Result>(
        _ elements: UnsafeMutableBufferPointer<Element>, named name: String,
        _ body: (UnsafeMutablePointer<Element>?) throws -> Result
    ) rethrows -> Result {
        guard let buffer = guarded(Element.self, elements.count, named: name), let target = elements.baseAddress else {
            return try body(elements.baseAddress)
        }
        let memory = buffer.start.bindMemory(to: Element.self, capacity: elements.count)
        memory.initialize(from: target, count: elements.count)
        defer { target.update(from: memory, count: elements.count) }
        return try body(memory)
    }

    private func guarded<Element>(_ type: Element.Type, _ count: Int, named name: String) -> PluginGuard.Buffer? {
        let buffer = PluginGuard.buffer(byteCount: count * MemoryLayout<Element>.stride, named: name)
        if let buffer { buffers.append(buffer) }
        return buffer
    }
}
