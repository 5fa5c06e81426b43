import CTesseraPlugin
import Foundation
import TesseraCore

/// What a library says of itself, which is checked field by field: nothing of it is trusted before the fields before it hold.
struct PluginDescriptor {
    /// As far as the library has it; the rest is zero.
    private let fields: tessera_descriptor

    /// Loads a library and reads what it says of itself.
    ///
    /// - Throws: the reason why it cannot be used.
    static func read(_ path: String) throws -> PluginDescriptor {
        guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            let reason = dlerror().map { String(cString: $0) } ?? "the dynamic linker does not say why"
            throw TesseraError(.backendFailure, "the library cannot be loaded: \(reason)")
        }
        guard let symbol = dlsym(handle, "tessera_plugin") else {
            throw TesseraError(.backendFailure, "expected a library that exports 'tessera_plugin', found none")
        }
        let function = unsafeBitCast(symbol, to: tessera_plugin_function.self)
        guard let descriptor = function() else {
            throw TesseraError(.backendFailure, "expected 'tessera_plugin' to return a descriptor, found null")
        }
        let bytes = try GrowingStructure.aligned(descriptor, for: tessera_descriptor.self, "a descriptor")
        let size = try checkVersion(bytes)
        return PluginDescriptor(fields: GrowingStructure.copy(tessera_descriptor.self, at: bytes, size: size))
    }

    /// Checks the fields that are there in every version.
    ///
    /// - Returns: the size in bytes.
    private static func checkVersion(_ bytes: UnsafeRawPointer) throws -> Int {
        func field(_ index: Int) -> UInt32 { bytes.load(fromByteOffset: 4 * index, as: UInt32.self) }
        let (major, minor) = (UInt32(TESSERA_ABI_MAJOR), UInt32(TESSERA_ABI_MINOR))
        guard field(0) == TESSERA_PLUGIN_MAGIC else {
            throw TesseraError(
                .backendFailure,
                "expected the magic number 0x\(String(TESSERA_PLUGIN_MAGIC, radix: 16)), found 0x\(String(field(0), radix: 16))"
            )
        }
        guard field(1) == major, field(2) <= minor else {
            throw TesseraError(
                .backendFailure,
                "expected a library for version \(major).0 to \(major).\(minor) of the plugin interface, found \(field(1)).\(field(2))"
            )
        }
        try GrowingStructure.check(size: Int(field(3)), first: FirstLayout.descriptor, "a descriptor")
        return Int(field(3))
    }

    func kind() throws -> PluginKind {
        guard let kind = PluginKind(rawValue: fields.kind) else {
            throw TesseraError(
                .backendFailure,
                "expected a kind from 1 to \(PluginKind.allCases.count), found \(fields.kind)")
        }
        return kind
    }

    func text(
        _ field: KeyPath<tessera_descriptor, UnsafePointer<CChar>?>, _ what: String
    ) throws -> String {
        guard let text = fields[keyPath: field] else {
            throw TesseraError(.backendFailure, "expected a \(what), found null")
        }
        guard let valid = String(validatingCString: text) else {
            throw TesseraError(.backendFailure, "expected a \(what) in UTF-8")
        }
        return valid
    }

    func name() throws -> String {
        let name = try text(\.name, "name")
        guard Self.isName(name, besides: "-_") else {
            throw TesseraError(
                .backendFailure,
                "expected a name of lower-case letters, digits, '-' and '_', found \(name.debugDescription)")
        }
        return name
    }

    private static func isName(_ text: String, besides others: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.unicodeScalars.allSatisfy {
                ("a"..."z").contains($0) || ("0"..."9").contains($0) || others.unicodeScalars.contains($0)
            }
    }

    func options() throws -> [PluginOption] {
        let count = Int(fields.option_count)
        guard count <= 256 else {
            throw TesseraError(.backendFailure, "expected at most 256 options, found \(count)")
        }
        let options = try GrowingStructure.elements(
            tessera_option.self, at: fields.options, count: count, size: fields.option_size, first: FirstLayout.option,
            "options")
        var names: Set<String> = []
        return try options.enumerated().map { index, option in
            guard let name = option.name.flatMap({ String(validatingCString: $0) }), Self.isName(name, besides: "_")
            else {
                throw TesseraError(
                    .backendFailure, "expected option \(index + 1) to have a name of lower-case letters, digits and '_'"
                )
            }
            guard names.insert(name).inserted else {
                throw TesseraError(.backendFailure, "the option '\(name)' is declared twice")
            }
            return try locatingErrors(path: "option '\(name)'") { try PluginOption(name, option) }
        }
    }

    /// Calls the library's `register_module`.
    ///
    /// - Returns: the table of functions.
    func register(_ kind: PluginKind) throws -> UnsafeRawPointer {
        guard let register = fields.register_module else {
            throw TesseraError(.backendFailure, "expected the function 'register_module', found null")
        }
        var table: UnsafeRawPointer?
        try PluginFailure.call(nil, "register_module") { register(PluginHost.table, &table, $0) }
        guard let table else {
            throw TesseraError(
                .backendFailure, "expected 'register_module' to give the functions of a \(kind.description), found null"
            )
        }
        return try GrowingStructure.aligned(
            table, for: tessera_strategy.self, "the functions of a \(kind.description)")
    }
}
