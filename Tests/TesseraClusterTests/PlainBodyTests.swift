import Foundation
import TesseraCore
import TesseraTestSupport
import Testing

@testable import TesseraCluster

/// Bodies that are written and read without a coder, against Foundation's.
@Suite struct PlainBodyTests {
    private static let task = UUID()
    private static let work = TaskMessage.Work(task: task, inference: 12, stage: 0, tile: 345)

    /// What a coder writes is read, and a coder reads what is written, to the same value.
    private func check<Body: PlainBody>(_ body: Body) throws {
        func fields(_ data: Data) throws -> NSDictionary {
            try #require(try JSONSerialization.jsonObject(with: data) as? NSDictionary)
        }
        let (plain, coded) = (Data(body.plain.utf8), try JSONEncoder().encode(body))
        #expect(try fields(plain) == fields(coded))
        var scanner = PlainScanner(plain)
        let scanned = try #require(Body(plain: &scanner), "\(body.plain)")
        #expect(scanner.isAtEnd)
        #expect(scanned.plain == body.plain)
        let sorted = JSONEncoder()
        sorted.outputFormatting = [.sortedKeys, .prettyPrinted]
        for data in [plain, coded, try sorted.encode(body)] {
            let message = Message(kind: "pieces", encodedBody: data)
            #expect(try message.decode(Body.self).plain == body.plain)
            #expect(try message.task() == Self.task)
        }
    }

    @Test("all of them are the JSON that a coder writes and reads")
    func sameAsCoders() throws {
        try check(Self.work)
        try check(TaskMessage.Collect(task: Self.task, inference: 0))
        try check(TaskMessage.Made(work: Self.work, sentByteCount: 999_999_999_999_999_999))
        for pieces in [[], [0], [3, 14, 1_000_000]] { try check(TaskMessage.Pieces(work: Self.work, pieces: pieces)) }
    }

    @Test("what is damaged anywhere is an error, or what a coder makes of it")
    func damaged() throws {
        let body = [UInt8](TaskMessage.Pieces(work: Self.work, pieces: [7, 10]).plain.utf8)
        var generator = SeededGenerator(seed: 31)
        for round in 0..<4000 {
            var bytes = body
            switch round % 3 {
            case 0: bytes.removeLast(Int.random(in: 1...bytes.count, using: &generator))
            case 1:
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
                    in: 0...126, using: &generator)
            default:
                let extra = [UInt8]("0-9}]e.,\" ".utf8).randomElement(using: &generator)
                bytes.insert(extra ?? 48, at: Int.random(in: 0...bytes.count, using: &generator))
            }
            let found = try? Message(kind: "pieces", encodedBody: Data(bytes)).decode(TaskMessage.Pieces.self)
            let expected = try? JSONDecoder().decode(TaskMessage.Pieces.self, from: Data(bytes))
            #expect(
                found?.plain == expected?.plain, "seed 31, round \(round): \(String(decoding: bytes, as: UTF8.self))")
        }
    }

    @Test("a number that no integer holds, and one below 0, are a coder's to judge")
    func extremes() throws {
        for (number, isRead) in [
            ("9223372036854775807", true), ("9223372036854775808", false), ("-1", true), ("01", false),
        ] {
            let body = "{\"task\":\"\(Self.task.uuidString)\",\"inference\":\(number)}"
            let message = Message(kind: "collect", encodedBody: Data(body.utf8))
            let read = try? message.decode(TaskMessage.Collect.self)
            #expect(read.map { "\($0.inference)" } == (isRead ? number : nil))
        }
    }
}
