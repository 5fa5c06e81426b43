import Foundation
import TesseraCore
import TesseraTestSupport
import Testing

@testable import TesseraONNX

@Suite struct StoredTensorTests {
    private func proto(_ type: ElementType, _ sizes: [Int64]) -> ONNXTensorProto {
        var proto = ONNXTensorProto()
        (proto.name, proto.dims, proto.dataType) = ("t", sizes, type.onnxNumber)
        return proto
    }

    @Test func typedDataOfEveryType() throws {
        func reals(_ type: ElementType, _ fill: (inout ONNXTensorProto) -> Void) throws -> [Double] {
            var proto = proto(type, [2])
            fill(&proto)
            let tensor = try StoredTensor(proto).tensor()
            #expect(tensor.elementType == type)
            return tensor.reals()
        }
        #expect(try reals(.f32) { $0.floatData = [1.5, -2] } == [1.5, -2])
        #expect(try reals(.f64) { $0.doubleData = [1.5, -2] } == [1.5, -2])
        #expect(try reals(.i64) { $0.int64Data = [1, -2] } == [1, -2])
        #expect(try reals(.u64) { $0.uint64Data = [1, 2] } == [1, 2])
        #expect(try reals(.u32) { $0.uint64Data = [1, 0xFFFF_FFFF] } == [1, 4_294_967_295])
        for type in [ElementType.i32, .i16, .i8] { #expect(try reals(type) { $0.int32Data = [1, -2] } == [1, -2]) }
        for type in [ElementType.u16, .u8] { #expect(try reals(type) { $0.int32Data = [1, 200] } == [1, 200]) }
        #expect(try reals(.bool) { $0.int32Data = [1, 0] } == [1, 0])
        #expect(try reals(.f16) { $0.int32Data = [0x3C00, 0xC000] } == [1, -2])
        #expect(try reals(.bf16) { $0.int32Data = [0x3F80, 0xC000] } == [1, -2])
    }

    @Test func sizesThatLieAreRefused() {
        var short = proto(.f32, [1 << 40, 1 << 40])
        short.floatData = [1]
        expectError(.malformedFile, "tensor 't'", "found 1") { try StoredTensor(short).tensor() }
        var raw = proto(.f32, [2])
        raw.rawData = Data([1, 2, 3])
        expectError(.malformedFile, "expected 8 bytes", "found 3") { try StoredTensor(raw).tensor() }
        expectError(.malformedFile, "sizes from 0") { try StoredTensor(proto(.f32, [-1])).tensor() }
        expectError(.malformedFile, "sizes from 0") {
            try StoredTensor(proto(.f32, [Int64](repeating: 1, count: 100))).tensor()
        }
    }

    @Test func elementsThatDoNotFitTheirTypeAreRefused() {
        var wide = proto(.i8, [1])
        wide.int32Data = [300]
        expectError(.malformedFile, "does not fit") { try StoredTensor(wide).tensor() }
        var truth = proto(.bool, [1])
        truth.rawData = Data([7])
        expectError(.malformedFile, "booleans") { try StoredTensor(truth).tensor() }
    }

    @Test(arguments: [0, 8, 14, 17, 22, 99] as [Int32]) func typesThatTesseraLacksAreNotSupported(_ type: Int32) {
        var proto = ONNXTensorProto()
        proto.dataType = type
        expectError(.notSupported, "not supported") { try StoredTensor(proto).tensor() }
    }

    @Test func emptyTensorsNeedNoData() throws {
        #expect(try StoredTensor(proto(.i64, [0])).tensor() == Tensor(zeros: [0], elementType: .i64))
    }
}
