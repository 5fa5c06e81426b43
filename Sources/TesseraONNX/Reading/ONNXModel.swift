import Foundation
import SwiftProtobuf
import TesseraCore
import TesseraNetwork

/// An ONNX model as its file holds it. The data of initializers stays in the file until it is asked for.
package struct ONNXModel: Sendable {
    /// The model; `graph.initializer` is empty if it was read from a file.
    package let proto: ONNXModelProto
    /// The weights and constants that the graph names.
    package let initializers: [StoredTensor]
    /// Nodes, inputs or initializers that are read at most: far more than any model has.
    static let itemLimit = 1 << 20

    /// A model that is in memory.
    ///
    /// - Parameter folder: where tensors with external data are looked for; without it they are refused.
    package init(_ proto: ONNXModelProto, folder: String? = nil) {
        let external = folder.map(ExternalData.init)
        initializers = proto.graph.initializer.map { StoredTensor($0, external: external) }
        var proto = proto
        proto.graph.initializer = []
        self.proto = proto
    }

    /// Reads a model file.
    ///
    /// - Throws: `inputOutput` if it cannot be read, `malformedFile` if it is no ONNX model.
    package init(path: String) throws {
        let file = try MappedFile(path: path)
        do {
            try self.init(file)
        } catch var error as TesseraError {
            error.message = "'\(path)': \(error.message)"
            throw error
        }
    }

    private init(_ file: MappedFile) throws {
        var proto = ONNXModelProto()
        var graph = ONNXGraphProto()
        var initializers: [StoredTensor] = []
        let external = ExternalData(folder: PathComponents(file.path).folder)
        var modelRun = FieldRun(file)
        var fields = ProtobufFields(file.bytes, in: 0..<file.bytes.count)
        while let field = try fields.next() {
            guard field.number == 7, let content = field.content else {
                try modelRun.add(field) { try proto.merge($0) }
                continue
            }
            var items = 0
            var graphRun = FieldRun(file)
            var graphFields = ProtobufFields(file.bytes, in: content)
            while let field = try graphFields.next() {
                items += 1
                guard items <= Self.itemLimit else {
                    throw TesseraError(.limitExceeded, "expected at most \(Self.itemLimit) nodes and tensors")
                }
                if field.number == 5, let content = field.content {
                    initializers.append(try StoredTensor(content, of: file, external: external))
                } else {
                    try graphRun.add(field) { try graph.merge($0) }
                }
            }
            try graphRun.flush { try graph.merge($0) }
            proto.graph = graph
        }
        try modelRun.flush { try proto.merge($0) }
        guard proto.hasGraph, !proto.graph.output.isEmpty else {
            throw TesseraError(.malformedFile, "expected an ONNX model, found no graph in it")
        }
        self.proto = proto
        self.initializers = initializers
    }
}

/// Fields that follow each other in a file, so that they are decoded together and in place.
struct FieldRun {
    private let file: MappedFile
    private var range: Range<Int>?

    init(_ file: MappedFile) { self.file = file }

    mutating func add(_ field: ProtobufFields.Field, decode: (Data) throws -> Void) throws {
        if let range, range.upperBound == field.whole.lowerBound {
            self.range = range.lowerBound..<field.whole.upperBound
        } else {
            try flush(decode)
            range = field.whole
        }
    }

    mutating func flush(_ decode: (Data) throws -> Void) throws {
        guard let range, let start = file.bytes.baseAddress else { return }
        self.range = nil
        // Only used within the call, while `file` is alive.
        let bytes = UnsafeMutableRawPointer(mutating: start + range.lowerBound)
        try decode(Data(bytesNoCopy: bytes, count: range.count, deallocator: .none))
    }
}

extension SwiftProtobuf.Message {
    /// Adds the fields that `data` holds.
    ///
    /// - Throws: `malformedFile` if it holds none.
    mutating func merge(_ data: Data) throws {
        do {
            try merge(serializedBytes: data)
        } catch {
            throw TesseraError(.malformedFile, "not a valid ONNX model", cause: error)
        }
    }
}
