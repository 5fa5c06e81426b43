import Foundation
import Tessera

/// Makes messages and frames that no honest peer would send.
public struct MessageMutator: Sendable {
    private static let numbers = [
        "-1", "0", "1", "2", "65536", "2147483648", "4294967296", "9223372036854775807", "-9223372036854775808",
        "9223372036854775808", "1e308", "-0.5", "1e999", "null", "true", "\"7\"", "[]", "{}",
    ]
    private static let strings = [
        "", "a", "evil", "conv", "reshape", "resize", "lstm", "f32", "i64", "/", "../../etc/passwd", "\\u0000",
        "\\ud800",
        "00000000-0000-0000-0000-000000000000", String(repeating: "x", count: 5000), String(repeating: "0", count: 64),
    ]

    private let messages: [Message]

    /// - Parameter messages: those that are imitated.
    public init(_ messages: [Message]) { self.messages = messages }

    /// The message with something wrong, or another one.
    public func mutated(_ message: Message, using generator: inout SeededGenerator) -> Message {
        var (kind, body, payload) = (message.kind, [UInt8](message.body), message.payload)
        switch Int.random(in: 0..<20, using: &generator) {
        case 0: kind = messages.randomElement(using: &generator)?.kind ?? kind
        case 1: kind = String(decoding: Self.noise(20, using: &generator), as: UTF8.self)
        case 2: body = messages.randomElement(using: &generator).map { [UInt8]($0.body) } ?? body
        case 3: body = Self.noise(200, using: &generator)
        case 4: body = [UInt8](repeating: UInt8(ascii: Bool.random(using: &generator) ? "[" : "{"), count: 20_000)
        case 5, 6, 7: mutate(&payload, using: &generator)
        case 8, 9: mutateBytes(&body, using: &generator)
        default: mutateTokens(&body, using: &generator)
        }
        return Message(kind: kind, encodedBody: Data(body), payload: payload)
    }

    /// The bytes of a frame, some of which may be wrong.
    public func frame(_ message: Message, using generator: inout SeededGenerator) -> [UInt8] {
        guard let head = try? Frame(.message, message).head() else { return [] }
        var bytes = message.payload.reduce(into: head) { bytes, blob in blob.withUnsafeBytes { bytes += $0 } }
        guard Int.random(in: 0..<8, using: &generator) == 0 else { return bytes }
        if Bool.random(using: &generator) {
            // The numbers at the beginning decide what becomes of the rest.
            bytes[Int.random(in: 0..<16, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
        } else {
            mutateBytes(&bytes, using: &generator)
        }
        return bytes
    }

    private static func noise(_ limit: Int, using generator: inout SeededGenerator) -> [UInt8] {
        (0..<Int.random(in: 0...limit, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    /// Flips, drops and doubles bytes.
    private func mutateBytes(_ bytes: inout [UInt8], using generator: inout SeededGenerator) {
        guard !bytes.isEmpty else { return }
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
            let start = Int.random(in: 0..<bytes.count, using: &generator)
            let end = min(bytes.count, start + Int.random(in: 1...16, using: &generator))
            switch Int.random(in: 0..<3, using: &generator) {
            case 0: bytes[start] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1: bytes.removeSubrange(start..<end)
            default: bytes.insert(contentsOf: bytes[start..<end], at: start)
            }
            if bytes.isEmpty { return }
        }
    }

    /// Replaces numbers and texts of JSON by others.
    private func mutateTokens(_ body: inout [UInt8], using generator: inout SeededGenerator) {
        for _ in 0..<Int.random(in: 1...3, using: &generator) {
            let tokens = Self.tokens(of: body)
            guard let token = tokens.randomElement(using: &generator) else { return }
            let isText = body[token.lowerBound] == UInt8(ascii: "\"")
            let text =
                isText && Int.random(in: 0..<4, using: &generator) > 0
                ? "\"\(Self.strings.randomElement(using: &generator) ?? "")\""
                : Self.numbers.randomElement(using: &generator) ?? "0"
            body.replaceSubrange(token, with: Array(text.utf8))
        }
    }

    /// Where numbers and texts are.
    private static func tokens(of body: [UInt8]) -> [Range<Int>] {
        var tokens: [Range<Int>] = []
        var index = 0
        let digits = Set("-+.0123456789eE".utf8)
        while index < body.count {
            let start = index
            if body[index] == UInt8(ascii: "\"") {
                index += 1
                while index < body.count, body[index] != UInt8(ascii: "\"") { index += 1 }
                index += 1
                tokens.append(start..<min(index, body.count))
            } else if body[index] == UInt8(ascii: "-") || (48...57).contains(body[index]) {
                while index < body.count, digits.contains(body[index]) { index += 1 }
                tokens.append(start..<index)
            } else {
                index += 1
            }
        }
        return tokens
    }

    private func mutate(_ payload: inout [Blob], using generator: inout SeededGenerator) {
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: payload = []
        case 1: payload.append(Blob(Self.noise(64, using: &generator)))
        case 2: payload = Array(repeating: Blob([]), count: 1000)
        case 3: payload += payload
        default:
            guard let index = payload.indices.randomElement(using: &generator) else { return }
            var bytes = payload[index].withUnsafeBytes { Array($0) }
            mutateBytes(&bytes, using: &generator)
            payload[index] = Blob(bytes)
        }
    }
}

extension Message {
    /// The same message about another task.
    func about(_ task: UUID, insteadOf other: UUID) -> Message {
        let text = String(decoding: body, as: UTF8.self)
            .replacingOccurrences(of: other.uuidString, with: task.uuidString)
        return Message(kind: kind, encodedBody: Data(text.utf8), payload: payload)
    }
}
