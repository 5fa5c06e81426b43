import CTesseraPlugin
import Foundation
import Synchronization
import TesseraCore

/// A shared library that was loaded, checked and registered. It stays loaded as long as the process runs.
///
/// `@unchecked Sendable`: what the pointers lead to is constant, and the header demands of its functions that any thread may
/// call them.
public final class PluginLibrary: @unchecked Sendable {
    public let path: String
    public let kind: PluginKind
    public let name: String
    public let summary: String
    /// The library's own version.
    public let version: String
    let options: [PluginOption]
    /// The functions of the kind: begins with its size in bytes.
    private let table: UnsafeRawPointer
    private let tableSize: Int

    private static let loaded = Mutex<[String: Result<PluginLibrary, TesseraError>]>([:])

    /// Loads a library, or gives the one that was loaded from that path before. The result for a path never changes while the
    /// process runs, since a library is never unloaded.
    ///
    /// - Throws: the reason why the file is no plugin that can be used; every one names the file.
    public static func load(_ path: String) throws -> PluginLibrary {
        let file = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        return try loaded.withLock { loaded in
            if let result = loaded[file] { return try result.get() }
            let result: Result<PluginLibrary, TesseraError>
            do {
                result = .success(try PluginLibrary(file))
            } catch let error as TesseraError {
                // Which option or function it was, and always the file.
                result = .failure(TesseraError(error.code, "\(error)", path: path))
            }
            // A file that is not there yet, or is being written, may be a plugin later.
            if case .failure(let error) = result, error.code != .backendFailure { return try result.get() }
            loaded[file] = result
            return try result.get()
        }
    }

    private init(_ path: String) throws {
        self.path = path
        let descriptor = try PluginDescriptor.read(path)
        kind = try descriptor.kind()
        name = try descriptor.name()
        (summary, version) = (try descriptor.text(\.summary, "summary"), try descriptor.text(\.version, "version"))
        options = try descriptor.options()
        table = try descriptor.register(kind)
        tableSize = Int(table.load(as: UInt32.self))
        try checkTable()
    }

    /// The table of functions as a structure; what the library does not have of it is zero.
    func functions<Table>(_ type: Table.Type) -> Table {
        withUnsafeTemporaryAllocation(byteCount: MemoryLayout<Table>.size, alignment: MemoryLayout<Table>.alignment) {
            $0.initializeMemory(as: UInt8.self, repeating: 0)
            $0.copyMemory(
                from: UnsafeRawBufferPointer(start: table, count: min(tableSize, MemoryLayout<Table>.size)))
            return $0.load(as: type)
        }
    }

    /// Every function without which the module cannot do its work must be there.
    private func checkTable() throws {
        // The kind follows the size in every table.
        let found = tableSize >= 8 ? table.load(fromByteOffset: 4, as: Int32.self) : 0
        guard found == kind.rawValue else {
            throw TesseraError(
                .invalidArgument,
                "expected the functions of a \(kind.description), kind \(kind.rawValue), found those of kind \(found)")
        }
        switch kind {
        case .strategy:
            try requireSize(of: tessera_strategy.self)
            try require(functions(tessera_strategy.self).partition, "partition")
        case .metric:
            try requireSize(of: tessera_metric.self)
            try require(functions(tessera_metric.self).saliencies, "saliencies")
        case .codec:
            try requireSize(of: tessera_codec.self)
            let codec = functions(tessera_codec.self)
            try require(codec.encode, "encode")
            try require(codec.decode, "decode")
            try CodecPlugin.check(codec)
        case .operator:
            try requireSize(of: tessera_operator.self)
            let table = functions(tessera_operator.self)
            try require(table.output_shape, "output_shape")
            try require(table.forward, "forward")
            try OperatorTable.check(table)
        case .transport:
            try requireSize(of: tessera_transport.self)
            let transport = functions(tessera_transport.self)
            try require(transport.start, "start")
            try require(transport.listen_address, "listen_address")
            try require(transport.dial, "dial")
            try require(transport.send, "send")
            try require(transport.hang_up, "hang_up")
            try require(transport.stop, "stop")
        }
    }

    private func requireSize<Table>(of type: Table.Type) throws {
        guard tableSize >= MemoryLayout<Table>.size else {
            throw TesseraError(
                .invalidArgument,
                "expected the functions of a \(kind.description) in \(MemoryLayout<Table>.size) bytes, found \(tableSize)"
            )
        }
    }

    private func require<Function>(_ function: Function?, _ name: String) throws {
        guard function != nil else {
            throw TesseraError(
                .invalidArgument, "expected a \(kind.description) to have the function '\(name)', found null")
        }
    }

    /// Runs a function of the library that can fail.
    ///
    /// - Throws: what it says is wrong, with the module's kind and name.
    func call(
        _ function: String, _ body: (UnsafeMutablePointer<tessera_error>) throws -> tessera_status
    ) throws {
        try PluginFailure.call("\(kind.description) '\(name)'", function, body)
    }
}
