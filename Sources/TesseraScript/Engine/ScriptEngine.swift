import CLua
import Foundation
import TesseraCore

/// Runs Lua 5.4 scripts, within limits and, unless they are trusted, without access to files or the system.
///
/// Scripts see Lua's base library (`load` takes text only; no `dofile`, `loadfile`), `table`, `string` (no `dump`), `math`,
/// `utf8`, `coroutine`, and `require` for `.lua` files below the search paths. Finalizers (`__gc`) are not available.
/// Globals must be declared: only the outermost level of a file, or of a `require`d one, may assign a new global, and
/// reading one that nobody assigned is an error.
///
/// An engine is used from one thread at a time.
public final class ScriptEngine {
    private let state: LuaState
    private let options: Options
    private var searchPaths: [String]

    /// - Throws: `outOfMemory`, or what the arguments cannot be passed for.
    public init(_ options: Options = Options(), libraries: [ScriptLibrary] = []) throws {
        self.options = options
        searchPaths = options.searchPaths
        state = try LuaState(options)
        try state.enter { L in
            let arguments = ScriptTable(array: options.arguments.map(ScriptValue.string))
            try state.setGlobal("arg", to: .table(arguments), in: L)
            if !options.isTrusted { clua_set_require(L, state.addBody(loader)) }
        }
        for library in libraries { try install(library) }
    }

    /// Ends the state: what objects in it hold on to the state by functions goes with it.
    deinit { state.close() }

    /// Makes a library the global of its name.
    public func install(_ library: ScriptLibrary) throws {
        library.whenInstalled(options)
        try state.enter { try state.install(library, in: $0) }
    }

    /// Makes a value the global of that name.
    public func setGlobal(_ name: String, to value: ScriptValue) throws {
        try state.enter { try state.setGlobal(name, to: value, in: $0) }
    }

    /// Bytes that Lua holds now, without those of objects.
    public var memoryUsed: Int { state.memoryUsed }

    /// Runs a file. Modules beside it, and in a folder `scripts` there, can be required.
    ///
    /// - Returns: what the file returns.
    /// - Throws: `inputOutput` if it cannot be read, `scriptFailure` with the place and the Lua traceback, and the error of
    ///   a binding as its cause, or `limitExceeded`.
    @discardableResult
    public func run(file path: String) throws -> [ScriptValue] {
        let text = try ModuleSearch.read(path)
        let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        searchPaths = [folder, folder + "/scripts"] + options.searchPaths
        return try run(text, name: path)
    }

    /// Runs source text.
    ///
    /// - Parameter name: what messages call it: a path, or `=` and any words.
    @discardableResult
    public func run(_ source: String, name: String = "=script") throws -> [ScriptValue] {
        try run(Array(source.utf8), name: name)
    }

    private func run(_ text: [UInt8], name: String) throws -> [ScriptValue] {
        try state.enter { L in
            try state.load(text, name: name, into: L)
            return try state.call(L, options.arguments.map(ScriptValue.string))
        }
    }

    /// What messages call the entries of an interactive session.
    public static let entryName = "input"

    /// Runs one entry of an interactive session and prints its results.
    ///
    /// - Parameters:
    ///   - entry: Lua; `=` and an expression prints its values whole.
    ///   - line: the number of its first line.
    ///   - lines: how many lines of each value are printed; nil for all.
    /// - Returns: false if the entry is the beginning of something longer.
    /// - Throws: as `run`.
    public func evaluate(_ entry: String, line: Int = 1, showing lines: Int? = nil) throws -> Bool {
        let isWhole = entry.hasPrefix("=")
        let entry = isWhole ? String(entry.dropFirst()) : entry
        func load(_ text: String, in L: OpaquePointer) throws {
            // Lua counts lines from the first.
            let above = String(repeating: "\n", count: max(0, line - 1))
            try state.load(Array((above + text).utf8), name: "=\(Self.entryName)", into: L)
        }
        return try state.enter { L in
            do {
                try load("return \(entry)", in: L)
            } catch {
                do {
                    try load(entry, in: L)
                } catch let error as TesseraError where error.message.hasSuffix("near <eof>") {
                    return false
                }
            }
            let base = lua_gettop(L) - 1
            try state.callPushed(L, arguments: 0)
            let count = lua_gettop(L) - base
            guard count > 0 else { return true }
            for index in (base + 1)...(base + count) { prepare(index, showing: isWhole ? nil : lines, in: L) }
            clua_push_globals(L)
            state.push("print", to: L)
            lua_rawget(L, -2)
            clua_insert(L, base + 1)
            clua_pop(L, 1)
            try state.callPushed(L, arguments: Int(count))
            return true
        }
    }

    /// The names that what is being typed may become: `tessera.te` becomes `tessera.tensor`.
    public func completions(of text: String) -> [String] {
        (try? state.enter { try state.completions(of: text, in: $0) }) ?? []
    }

    /// Puts the content of a plain table in place of the table, and the beginning of a long text in place of what has it.
    private func prepare(_ index: Int32, showing lines: Int?, in L: OpaquePointer) {
        let text: String
        var isChanged = false
        switch try? state.read(index, from: L) {
        case .table(let table): (text, isChanged) = (table.text(width: 100), true)
        case .object(let object): text = object.scriptDescription
        case .string(let string): text = string
        default: return
        }
        let beginning = lines.map { text.beginning(lines: $0) } ?? text[...]
        guard isChanged || beginning.endIndex < text.endIndex else { return }
        let rest = text[beginning.endIndex...].count
        state.push(beginning + (rest > 0 ? "\n… \(rest) more characters: '=' before the entry shows all" : ""), to: L)
        clua_replace(L, index)
    }

    /// The function of a module: what `require` calls.
    private var loader: LuaState.Body {
        // The state keeps this closure, so it must not keep the engine.
        { [weak self] state, L in
            let name = String(decoding: state.readBytes(1, from: L), as: UTF8.self)
            let module = try ModuleSearch(folders: self?.searchPaths ?? []).module(named: name)
            try state.load(module.text, name: module.path, into: L)
            return 1
        }
    }
}

extension String {
    /// The first lines, of 100 characters on average at most, without the end of the last.
    fileprivate func beginning(lines: Int) -> Substring {
        let start = prefix(lines * 100)
        var count = 0
        return start.prefix { character in
            if character.isNewline { count += 1 }
            return count < lines
        }
    }
}
