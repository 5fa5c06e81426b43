import Tessera

/// What a script registered, for others to have.
struct ScriptRegistration: Sendable {
    /// What the module is: "partition strategy".
    let kind: String
    let module: ScriptModule
    /// Adds it to other modules. Each product runs the script at the path in a state of its own, with these options.
    let add: @Sendable (_ modules: inout Modules, _ path: String, _ options: ScriptEngine.Options) throws -> Void
}

extension ScriptContext {
    /// Registers a module of the script, for the script itself, and for others if it is a plugin.
    ///
    /// - Parameter make: makes the product of a module and its options.
    func register<Product>(
        _ registry: WritableKeyPath<Modules, Registry<Product>> & Sendable, _ module: ScriptModule,
        _ make: @escaping @Sendable (ScriptModule, Configuration) -> Product
    ) throws {
        try modules[keyPath: registry].register(module.module(from: "script") { make(module, $0) })
        let kind = modules[keyPath: registry].kind
        registrations.append(
            ScriptRegistration(kind: kind, module: module) { modules, path, limits in
                try modules[keyPath: registry].register(
                    module.module(from: path) { options in
                        let plugin = try ScriptPlugin(path, limits)
                        guard
                            var own = plugin.registrations.first(where: {
                                $0.kind == kind && $0.module.name == module.name
                            })?.module
                        else {
                            throw TesseraError(.notFound, "'\(path)' no longer registers the \(kind) '\(module.name)'")
                        }
                        own.plugin = plugin
                        return make(own, options)
                    })
            })
    }
}
