import Tessera

/// A weight layout that is a Lua function.
struct ScriptLayout: WeightLayout {
    var module: ScriptModule
    /// The layout's further options.
    var options: Configuration

    func frames(of geometry: WeightGeometry) throws -> FrameLayout {
        let results = try call([.table(ScriptTable(geometry)), .table(try module.values(of: options))])
        guard case .table(let table) = results.first ?? .nil else {
            throw TesseraError(
                .invalidArgument,
                "expected a table of width, height, frames and places as the result, got \((results.first ?? .nil).kind)"
            )
        }
        func size(_ name: String) throws -> Int { try reading("'\(name)'") { try table[name].requireInteger() } }
        var places: [Int32] = []
        for (index, place) in try reading("'places'", { try table["places"].requireArray() }).enumerated() {
            places.append(Int32(clamping: try reading("place \(index + 1)") { try place.requireInteger() }))
        }
        return try FrameLayout(
            of: geometry, width: size("width"), height: size("height"), count: size("frames"), places: places,
            firstPlace: 1)
    }

    /// Calls the function. An error of a value on its way says in its message which: its path is the layer's.
    private func call(_ arguments: [ScriptValue]) throws -> [ScriptValue] {
        do {
            return try module.call(arguments)
        } catch var error as TesseraError {
            guard let path = error.path else { throw error }
            (error.message, error.path) = ("\(path): \(error.message)", nil)
            throw error
        }
    }

    /// Says in the message of an error what was read.
    private func reading<Value>(_ what: @autoclosure () -> String, _ read: () throws -> Value) throws -> Value {
        do {
            return try read()
        } catch let error as TesseraError {
            throw TesseraError(error.code, "\(what()): \(error.message)")
        }
    }
}

extension ScriptRecord {
    static var weightGeometry: ScriptRecord {
        ScriptRecord(
            "WeightGeometry",
            "The sizes of a layer's weights, which the function of a weight layout gets. Weights are numbered from 1 in the order of the "
                + "first five, columns of the kernel fastest.",
            fields: [
                Field("matrices", "integer", "The gates of a recurrent layer, 1 for others."),
                Field("outputs", "integer", "The channels or features that it makes."),
                Field("inputs", "integer", "The channels or features that each of these reads."),
                Field("kernel_height", "integer", "The rows of the kernel, 1 for a linear layer."),
                Field("kernel_width", "integer", "The columns of the kernel, 1 for a linear layer."),
                Field("count", "integer", "The number of weights, the product of all."),
            ])
    }
}

extension ScriptTable {
    /// What a layout gets to see of a layer.
    fileprivate init(_ geometry: WeightGeometry) {
        self.init(entries: [
            "matrices": .integer(geometry.matrices), "outputs": .integer(geometry.outputs),
            "inputs": .integer(geometry.inputs), "kernel_height": .integer(geometry.kernelHeight),
            "kernel_width": .integer(geometry.kernelWidth), "count": .integer(geometry.count),
        ])
    }
}
