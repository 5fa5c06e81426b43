import Foundation
import SwiftProtobuf
import TesseraCore
import TesseraNetwork

/// A model that is to be written: the messages, and the tensors that go into them, which are not copied.
package struct ExportedModel {
    package var proto: ONNXModelProto
    package var initializers: [(name: String, tensor: Tensor)]

    /// Bytes that a protobuf message may take, less a margin for the graph itself.
    private static let messageLimit = (1 << 31) - (1 << 26)

    /// Writes the model; weights go to `PATH.data` if they do not fit into one message.
    ///
    /// - Parameter limit: bytes of weights from which they go to a file of their own.
    package func write(to path: String, externalDataFrom limit: Int? = nil) throws {
        let total = initializers.reduce(0) { Shape.saturatingSum($0, $1.tensor.byteCount) }
        let isExternal = total >= limit ?? Self.messageLimit
        let tensors = isExternal ? try writeData(to: path + ".data") : try initializers.map(Self.inline)
        var model = proto
        model.clearGraph()
        let head: [UInt8] = try serialized(model)
        let graph: [UInt8] = try serialized(proto.graph)
        let size = tensors.reduce(graph.count) { $0 + $1.size }
        try replaceFile(at: path) { writer in
            try writer.write(head)
            try writer.write(Self.header(field: 7, length: size))
            try writer.write(graph)
            for tensor in tensors {
                try writer.write(tensor.head)
                if let data = tensor.data { try writer.write(data) }
            }
        }
    }

    /// One initializer as it is written: what comes before its elements, and those.
    private struct Part {
        let head: [UInt8]
        let data: Tensor?
        var size: Int { head.count + (data?.byteCount ?? 0) }
    }

    private static func inline(_ name: String, _ tensor: Tensor) throws -> Part {
        let message: [UInt8] = try serialized(ONNXTensorProto(describing: tensor, named: name))
        let raw = header(field: 9, length: tensor.byteCount)
        let length = message.count + raw.count + tensor.byteCount
        return Part(head: header(field: 5, length: length) + message + raw, data: tensor)
    }

    /// Writes all elements to a file, each tensor at a multiple of the page size.
    private func writeData(to path: String) throws -> [Part] {
        let alignment = 4096
        var parts: [Part] = []
        try replaceFile(at: path) { writer in
            var offset = 0
            for (name, tensor) in initializers {
                let start = (offset + alignment - 1) / alignment * alignment
                try writer.write([UInt8](repeating: 0, count: start - offset))
                try writer.write(tensor)
                offset = start + tensor.byteCount
                var message = ONNXTensorProto(describing: tensor, named: name)
                message.dataLocation = .external
                let place = [
                    ("location", PathComponents(path).name), ("offset", String(start)),
                    ("length", String(tensor.byteCount)),
                ]
                message.externalData = place.map { key, value in
                    var entry = ONNXStringStringEntryProto()
                    (entry.key, entry.value) = (key, value)
                    return entry
                }
                let bytes: [UInt8] = try serialized(message)
                parts.append(Part(head: Self.header(field: 5, length: bytes.count) + bytes, data: nil))
            }
        }
        return parts
    }

    /// The tag and length of a field that holds bytes.
    private static func header(field: Int, length: Int) -> [UInt8] {
        var bytes = [UInt8(field << 3 | 2)]
        var rest = length
        while rest > 0x7F {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }
}

/// The message as bytes.
private func serialized(_ message: some SwiftProtobuf.Message) throws -> [UInt8] {
    do {
        return try message.serializedBytes()
    } catch {
        throw TesseraError(.invalidArgument, "the model cannot be written", cause: error)
    }
}
