import Foundation
import Testing
import TesseraCluster
import TesseraCore

@Suite struct MessageTests {
    private struct Body: Codable, Equatable {
        var layer: String
        var rows: [Int]
    }

    @Test func aBodyIsReadBack() throws {
        let body = Body(layer: "conv0", rows: [0, 17])
        #expect(try Message(kind: "tile", body: body).decode() == body)
    }

    @Test func aWrongBodyIsAProtocolViolation() throws {
        let error = #expect(throws: TesseraError.self) { try Message(kind: "tile", body: [1]).decode(Body.self) }
        #expect(error?.code == .protocolViolation)
        #expect(error?.message.contains("'tile'") == true)
        #expect(throws: TesseraError.self) { try Message(kind: "tile").decode(Body.self) }
        #expect(throws: TesseraError.self) { try Message(kind: "tile").blob(0) }
    }

    @Test func aTensorTravelsAsItsBytes() throws {
        let tensor = try Tensor([1, -2.5, 3], shape: [3])
        let blob = Blob(tensor)
        #expect(blob.count == 12)
        #expect(try blob.tensor(shape: [3]) == tensor)
        #expect(try blob.tensor(shape: [1, 3]) == tensor.reshaped(to: [1, 3]))
        #expect(try Blob(tensor.withUnsafeBytes(Array.init)).tensor(shape: [3]) == tensor)
        #expect(
            try blob.tensor(shape: [12], elementType: .u8).withUnsafeBytes(Array.init)
                == Array(tensor.withUnsafeBytes(Array.init)))
        #expect(blob == Blob(tensor.withUnsafeBytes { Data($0) }))
    }

    @Test(arguments: [[4], [-3], [-1, -3], [Int.max, 2], [0]] as [Shape])
    func aShapeThatDoesNotFitIsAProtocolViolation(_ shape: Shape) throws {
        let error = #expect(throws: TesseraError.self) {
            try Blob([UInt8](repeating: 0, count: 12)).tensor(shape: shape)
        }
        #expect(error?.code == .protocolViolation)
    }

    @Test func aBlobKeepsItsBytesWhenTheTensorChanges() throws {
        var tensor = try Tensor([1, 2], shape: [2])
        let blob = Blob(tensor)
        try tensor.withMutableFloats { $0[0] = 5 }
        #expect(try blob.tensor(shape: [2]).floats() == [1, 2])
    }
}
