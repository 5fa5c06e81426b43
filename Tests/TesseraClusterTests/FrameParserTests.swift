import Foundation
import Testing
import TesseraCluster
import TesseraCore

@Suite struct FrameParserTests {
    /// Feeds `bytes` in pieces and gives the messages that come out.
    private func parse(_ bytes: [UInt8], pieces size: Int, limits: FrameLimits = FrameLimits()) throws -> [Message] {
        var parser = FrameParser(limits: limits)
        var messages: [Message] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            try bytes[start..<min(start + size, bytes.count)].withUnsafeBytes { piece in
                var rest = piece
                while let frame = try parser.next(from: &rest) { messages.append(frame.message) }
                #expect(rest.isEmpty)
            }
        }
        let isWithinFrame = parser.isWithinFrame
        #expect(!isWithinFrame)
        return messages
    }

    private let messages = [
        Message(kind: ""), Message(kind: "a", encodedBody: Data([1, 2, 3])),
        Message(kind: "b", payload: [Blob([]), Blob((0..<200).map { UInt8($0) }), Blob([5])]),
        Message(kind: "ü", encodedBody: Data("{}".utf8), payload: [Blob([9, 8])]), Message(kind: "end"),
    ]

    private func encode(_ message: Message) throws -> [UInt8] {
        try Frame(.message, message).head() + message.payload.flatMap { $0.withUnsafeBytes(Array.init) }
    }

    @Test(arguments: [1, 2, 3, 7, 16, 17, 64, 1000])
    func framesSurviveAnyCut(pieces: Int) throws {
        #expect(try parse(try messages.flatMap(encode), pieces: pieces) == messages)
    }

    @Test func bytesAreThoseOfTheFormat() throws {
        for message in messages {
            let byHand = RawPeer.frame(
                3, kind: message.kind, body: String(decoding: message.body, as: UTF8.self),
                blobs: message.payload.map { $0.withUnsafeBytes(Array.init) })
            #expect(try encode(message) == byHand)
        }
        #expect(WireFormat.preamble() == RawPeer.preamble())
    }

    @Test func limitsHoldExactly() throws {
        let limits = FrameLimits(frame: 16 + 8 + 4 + 10, header: 4, blobs: 1)
        let good = Message(kind: "ab", encodedBody: Data([1, 2]), payload: [Blob([UInt8](repeating: 1, count: 18))])
        let tooLong = Message(kind: "ab", encodedBody: Data([1, 2]), payload: [Blob([UInt8](repeating: 1, count: 19))])
        let header = Message(kind: "abc", encodedBody: Data([1, 2]))
        let blobs = Message(kind: "", payload: [Blob([]), Blob([])])
        #expect(try parse(try encode(good), pieces: 100, limits: limits) == [good])
        try limits.check(good)
        for message in [tooLong, header, blobs] {
            let parsing = #expect(throws: TesseraError.self) {
                try parse(try encode(message), pieces: 100, limits: limits)
            }
            #expect(parsing?.code == .protocolViolation)
            let sending = #expect(throws: TesseraError.self) { try limits.check(message) }
            #expect(sending?.code == .limitExceeded)
        }
    }

    /// Whatever comes in, the parser answers with frames or an error.
    @Test func noiseIsHarmless() throws {
        var generator = SystemRandomNumberGenerator()
        let limits = FrameLimits(frame: 1 << 16, header: 1 << 12, blobs: 16)
        let good = try messages.flatMap(encode)
        for _ in 0..<3000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                bytes[Int.random(in: bytes.indices, using: &generator)] = UInt8.random(
                    in: .min ... .max, using: &generator)
            }
            var parser = FrameParser(limits: limits)
            bytes.withUnsafeBytes { piece in
                var rest = piece
                do { while try parser.next(from: &rest) != nil {} } catch { #expect(error is TesseraError) }
            }
        }
    }
}
