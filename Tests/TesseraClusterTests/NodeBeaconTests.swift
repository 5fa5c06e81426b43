import Foundation
import TesseraCore
import TesseraTestSupport
import Testing

@testable import TesseraCluster

@Suite struct NodeBeaconTests {
    @Test("what is announced is read again, and begins as the format says")
    func roundTrip() throws {
        var beacon = NodeDirectoryTests.beacon("Küche \"3\"", cluster: "0f", port: 65535, number: 7, state: .working)
        beacon.weights = .init(count: 3, byteCount: 1 << 33, digest: "abcd")
        let packet = try beacon.packet()
        #expect(Array(packet.prefix(12)) == Array("TESSNODE".utf8) + [0, 0, 0, 1])
        #expect(packet.count <= 1200)
        #expect(try NodeBeacon(packet: packet) == beacon)
        #expect(beacon.memory == 1024 && beacon.precisions == ["f32", "f16"])
    }

    @Test("a packet of another version, and what is too large or cannot be, is refused")
    func refused() throws {
        let packet = try NodeDirectoryTests.beacon("attic").packet()
        expectError(.protocolViolation, "no announcement") { try NodeBeacon(packet: []) }
        expectError(.protocolViolation, "expected an announcement of version 1, found version 2") {
            try NodeBeacon(packet: Array(packet.prefix(11)) + [2] + packet.dropFirst(12))
        }
        expectError(.protocolViolation, "no announcement") {
            try NodeBeacon(packet: packet + [UInt8](repeating: 0x20, count: 1201 - packet.count))
        }
        for (right, wrong) in [
            ("\"port\":6003", "\"port\":0"), ("\"port\":6003", "\"port\":70000"), ("\"cores\":4", "\"cores\":-1"),
            ("\"interval\":1", "\"interval\":1e9"), ("\"name\":\"attic\"", "\"name\":\"at\\u001btic\""),
            ("\"state\":\"idle\"", "\"state\":\"bored\""), ("\"build\":\"", "\"build\":\"\\u0007"),
        ] {
            let text = String(decoding: packet.dropFirst(12), as: UTF8.self)
            #expect(text.contains(right))
            let changed = Array(packet.prefix(12)) + Array(text.replacingOccurrences(of: right, with: wrong).utf8)
            expectError(.protocolViolation) { try NodeBeacon(packet: changed) }
        }
        var long = NodeDirectoryTests.beacon("attic")
        long.instructionSet = String(repeating: "x", count: 1200)
        expectError(.limitExceeded, "announces takes", "more than 1200") { try long.packet() }
    }

    @Test("random and mutated packets are read or refused, nothing else", arguments: propertySeeds(20))
    func garbage(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let packet = try NodeDirectoryTests.beacon("attic", cluster: "ab").packet()
        for _ in 0..<500 {
            var bytes = packet
            for _ in 0..<Int.random(in: 1...8, using: &generator) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] = .random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(.random(in: 0...255, using: &generator), at: place)
                default: bytes = Array(bytes.prefix(place + 1))
                }
            }
            do {
                let beacon = try NodeBeacon(packet: bytes)
                // What is accepted can be held and printed.
                #expect((1...65535).contains(beacon.port) && !beacon.identity.isEmpty, "seed \(seed)")
            } catch let error as TesseraError {
                #expect(error.code == .protocolViolation, "seed \(seed): \(error)")
            }
            let noise = (0..<Int.random(in: 0...1300, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            #expect(throws: TesseraError.self, "seed \(seed)") { try NodeBeacon(packet: noise) }
            #expect(throws: TesseraError.self, "seed \(seed)") {
                try NodeBeacon(packet: Array(packet.prefix(12)) + noise)
            }
        }
    }
}
