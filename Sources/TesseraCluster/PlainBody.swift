import Foundation
import TesseraCore

/// The body of a message of which there are several in every inference: JSON as others, but with the keys always in one
/// order, and written and read without a coder, which would take longer than all else that is done with such a message.
/// What comes in another order is read by a coder.
protocol PlainBody: Codable {
    var plain: String { get }
    /// Nil for what `plain` does not write.
    init?(plain: inout PlainScanner)
}

/// Reads what `PlainBody.plain` wrote.
struct PlainScanner {
    private var rest: Data.SubSequence

    init(_ body: Data) { rest = body[...] }

    var isAtEnd: Bool { rest.isEmpty }

    /// Whether this text comes next, which is behind then.
    mutating func skips(_ text: StaticString) -> Bool {
        let expected = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard rest.starts(with: expected) else { return false }
        rest = rest.dropFirst(expected.count)
        return true
    }

    /// A number from 0 on.
    mutating func number() -> Int? {
        // More digits might be more than a number holds.
        let digits = rest.prefix { (48...57).contains($0) }
        guard (1...18).contains(digits.count), digits.count == 1 || digits.first != 48 else { return nil }
        rest = rest.dropFirst(digits.count)
        return digits.reduce(0) { $0 * 10 + Int($1) - 48 }
    }

    /// Numbers between brackets.
    mutating func numbers() -> [Int]? {
        guard skips("[") else { return nil }
        if skips("]") { return [] }
        var numbers: [Int] = []
        repeat {
            guard let next = number() else { return nil }
            numbers.append(next)
        } while skips(",")
        return skips("]") ? numbers : nil
    }

    mutating func identifier() -> UUID? {
        let text = String(decoding: rest.prefix(36), as: UTF8.self)
        // Others are written in other ways, too.
        guard let identifier = UUID(uuidString: text), identifier.uuidString == text else { return nil }
        rest = rest.dropFirst(36)
        return identifier
    }

    /// The task that a body begins with.
    mutating func task() -> UUID? {
        guard skips("{\"task\":\""), let task = identifier(), skips("\"") else { return nil }
        return task
    }
}

extension Message {
    init(kind: String, body: some PlainBody, payload: [Blob] = []) {
        self.init(kind: kind, encodedBody: Data(body.plain.utf8), payload: payload)
    }

    /// Reads the body.
    ///
    /// - Throws: `protocolViolation` if it is not what a `type` looks like in JSON.
    func decode<Body: PlainBody>(_ type: Body.Type = Body.self) throws -> Body {
        var scanner = PlainScanner(body)
        if let body = Body(plain: &scanner), scanner.isAtEnd { return body }
        return try decodeJSON(type)
    }

    /// The task that the message is about. Of a body that is plain, what follows the task is not looked at.
    func task() throws -> UUID {
        var scanner = PlainScanner(body)
        return try scanner.task() ?? decode(TaskMessage.Notice.self).task
    }
}
