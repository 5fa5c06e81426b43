import Foundation
import SwiftProtobuf
import TesseraCore
import TesseraTestSupport
import Testing

@testable import TesseraONNX

@Suite struct ONNXModelTests {
    private func model() -> ModelBuilder {
        var builder = ModelBuilder(opset: 13)
        builder.input("x", [2])
        builder.weight("w", [2])
        builder.node("Add", ["x", "w"], ["y"], name: "sum")
        builder.output("y")
        return builder
    }

    private func bytes(_ model: ONNXModelProto) throws -> [UInt8] { try model.serializedBytes() }

    @Test func aFileIsReadAsItWasWritten() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(bytes(model().model), to: "model.onnx")
        let read = try ONNXModel(path: path)
        #expect(read.proto.graph.node.map(\.name) == ["sum"])
        #expect(read.proto.opsetImport.map(\.version) == [13])
        #expect(try read.initializers.map { try $0.tensor() } == [Tensor([0, 1], shape: [2])])
    }

    @Test func rawDataIsReadWhereItStands() throws {
        var builder = model()
        builder.model.graph.initializer[0].floatData = []
        builder.model.graph.initializer[0].rawData = [Float(3), 4].withUnsafeBytes { Data($0) }
        let folder = try TemporaryFolder()
        let path = try folder.write(bytes(builder.model), to: "model.onnx")
        #expect(try ONNXModel(path: path).initializers[0].tensor() == Tensor([3, 4], shape: [2]))
    }

    @Test func everyTruncationIsRefusedOrHarmless() throws {
        let whole = try bytes(model().model)
        let folder = try TemporaryFolder()
        for count in 0..<whole.count {
            let path = try folder.write(Array(whole.prefix(count)), to: "cut.onnx")
            do {
                _ = try ONNXModel(path: path).imported()
            } catch is TesseraError {
            }
        }
    }

    @Test func everyChangedByteIsRefusedOrHarmless() throws {
        let whole = try bytes(model().model)
        let folder = try TemporaryFolder()
        for index in whole.indices {
            for value in [0, 0x7F, 0xFF, whole[index] ^ 0x55] {
                var changed = whole
                changed[index] = value
                let path = try folder.write(changed, to: "changed.onnx")
                do {
                    let model = try ONNXModel(path: path)
                    _ = try model.imported()
                } catch is TesseraError {
                }
            }
        }
    }

    @Test func deeplyNestedMessagesAreRefused() throws {
        // A graph in an attribute is not decoded, so nesting is nothing but skipped bytes; nested types are.
        var inner: [UInt8] = []
        for _ in 0..<2000 {
            var length = inner.count
            var prefix: [UInt8] = [0x0A]
            repeat {
                prefix.append(UInt8(length & 0x7F) | (length > 0x7F ? 0x80 : 0))
                length >>= 7
            } while length > 0
            inner = prefix + inner
        }
        let folder = try TemporaryFolder()
        let path = try folder.write(inner, to: "deep.onnx")
        expectError(.malformedFile) { try ONNXModel(path: path) }
    }

    @Test(arguments: ["", "hello, this is no model", "\u{8}\u{8}"])
    func otherFilesAreRefused(_ text: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(text, to: "model.onnx")
        expectError(.malformedFile, path) { try ONNXModel(path: path) }
    }

    @Test func aMissingFileIsAnInputError() {
        expectError(.inputOutput, "none.onnx") { try ONNXModel(path: "/nowhere/none.onnx") }
    }
}
