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
    /// The path for as long as the process runs.
    private let permanentPath: UnsafePointer<CChar>

    private static let loaded = Mutex<[String: Result<PluginLibrary, TesseraError>]>([:])

    /// Loads a library, or gives the one that was loaded from that path before. The result for a path never changes while the
    /// process runs, since a library is never unloaded.
    ///
    /// - Throws: the reason why the file is no plugin that can be used; every one names the file.
    public static func load(_ path: String) throws -> PluginLibrary {
        let file = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
        // Which option or function it was, and always the file.
        func naming(_ error: TesseraError) -> TesseraError { TesseraError(error.code, "\(error)", path: path) }
        return try loaded.withLock { loaded in
            if let result = loaded[file] { return try result.get() }
            // A file that is not there yet, or is being written, may be a plugin later.
            do { try SharedObjectFile.check(file) } catch let error as TesseraError { throw naming(error) }
            let result: Result<PluginLibrary, TesseraError>
            do {
                result = .success(try PluginLibrary(file))
            } catch let error as TesseraError {
                result = .failure(naming(error))
            }
            loaded[file] = result
            return try result.get()
        }
    }

    private init(_ path: String) throws {
        self.path = path
        guard let permanentPath = strdup(path) else { throw TesseraError(.outOfMemory, "there is no room for a path") }
        self.permanentPath = UnsafePointer(permanentPath)
        let descriptor = try ExitWatch.within(permanentPath) { try PluginDescriptor.read(path) }
        kind = try descriptor.kind()
        name = try descriptor.name()
        (summary, version) = (try descriptor.text(\.summary, "summary"), try descriptor.text(\.version, "version"))
        options = try descriptor.options()
        let kind = kind
        table = try ExitWatch.within(permanentPath) { try descriptor.register(kind) }
        tableSize = Int(table.load(as: UInt32.self))
        try checkTable()
    }

    /// The table of functions as a structure; what the library does not have of it is zero.
    func functions<Table>(_ type: Table.Type) -> Table {
        GrowingStructure.copy(type, at: table, size: tableSize)
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
            try requireSize(FirstLayout.strategy)
            try require(functions(tessera_strategy.self).partition, "partition")
        case .metric:
            try requireSize(FirstLayout.metric)
            try require(functions(tessera_metric.self).saliencies, "saliencies")
        case .codec:
            try requireSize(FirstLayout.codec)
            let codec = functions(tessera_codec.self)
            try require(codec.encode, "encode")
            try require(codec.decode, "decode")
            try CodecPlugin.check(codec)
        case .operator:
            try requireSize(FirstLayout.operator)
            let table = functions(tessera_operator.self)
            try require(table.output_shape, "output_shape")
            try require(table.forward, "forward")
            try OperatorTable.check(table)
        case .transport:
            try requireSize(FirstLayout.transport)
            let transport = functions(tessera_transport.self)
            try require(transport.start, "start")
            try require(transport.listen_address, "listen_address")
            try require(transport.dial, "dial")
            try require(transport.send, "send")
            try require(transport.hang_up, "hang_up")
            try require(transport.stop, "stop")
            try PluginEndpoint.check(transport)
        }
    }

    private func requireSize(_ first: Int) throws {
        try GrowingStructure.check(size: tableSize, first: first, "the functions of a \(kind.description), a table")
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
        try ExitWatch.within(permanentPath) {
            try PluginFailure.call("\(kind.description) '\(name)'", function, body)
        }
    }
}
