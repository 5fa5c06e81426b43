/// A first-in, first-out queue.
package struct FIFO<Element> {
    private var elements: [Element?] = []
    private var head = 0

    package init() {}

    package var isEmpty: Bool { head == elements.count }

    package var first: Element? { isEmpty ? nil : elements[head] }

    package mutating func append(_ element: Element) { elements.append(element) }

    package mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        let element = elements[head]
        elements[head] = nil
        head += 1
        if head == elements.count || head > 1024 && head > elements.count / 2 {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }

    /// Removes the first element that satisfies `predicate`.
    mutating func remove(where predicate: (Element) -> Bool) -> Element? {
        guard let index = elements.indices.dropFirst(head).first(where: { elements[$0].map(predicate) ?? false }) else {
            return nil
        }
        return elements.remove(at: index)
    }

    /// Removes all elements and returns them, oldest first.
    mutating func removeAll() -> [Element] {
        defer {
            elements = []
            head = 0
        }
        return elements[head...].compactMap { $0 }
    }
}
