import Tessera

extension TrainingFile {
    /// The path of a training file, or a table with what stands in one: `tessera` and `network` may be left out there, and paths count
    /// from where the process runs.
    init(scriptValue: ScriptValue) throws {
        if case .string(let path) = scriptValue {
            try self.init(path: path)
            return
        }
        guard case .table = scriptValue else {
            throw scriptValue.unexpected("the path of a training file, or a table with what stands in one")
        }
        var entries = try scriptValue.requireNamed()
        for (name, value) in ["tessera": .integer(1), "network": .string(""), "output": .string("")]
            as [String: ScriptValue]
        where entries[name] == nil {
            entries[name] = value
        }
        try self.init(configuration: ScriptValue.configuration(of: entries))
    }

    /// A training leaves weights, curves and checkpoints somewhere.
    func requireOutput() throws {
        guard !output.isEmpty else {
            throw TesseraError(
                .invalidArgument, "missing option 'output' (the folder for weights, curves and checkpoints)")
        }
    }
}
