import Tessera

/// What the bindings of one script share: the modules, to which the script may add its own.
final class ScriptContext {
    var modules: Modules

    init(modules: Modules) { self.modules = modules }
}
