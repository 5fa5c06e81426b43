import Foundation
import TesseraCore
import TesseraNetwork

/// Inputs and outputs of networks in files: tensors (.safetensors, .npy) and pictures.
extension Network {
    /// Reads inputs given as `NAME=PATH` or `NAME=PATH#TENSOR`; without `NAME=` if the network has one input.
    ///
    /// - Throws: `notFound` for an unknown input or tensor, `invalidArgument` for one that is given twice, what reading throws.
    public func readInputs(_ arguments: [String]) throws -> NetworkInputs {
        var inputs = NetworkInputs()
        for argument in arguments {
            let (name, path) = try split(argument, names: graph.inputs.map(\.name), kind: "input")
            guard inputs.tensors[name] == nil else {
                throw TesseraError(.invalidArgument, "input '\(name)' is given twice")
            }
            try locatingErrors(path: "input '\(name)'") {
                let (tensor, picture) = try readInputAndPicture(name, path)
                // Kernels need not pass a NaN on: the output would look right and be wrong.
                try tensor.requireNumbers(path)
                inputs.tensors[name] = tensor
                inputs.pictures[name] = picture
            }
        }
        return inputs
    }

    /// Reads one input from `PATH` or `PATH#TENSOR`.
    public func readInput(_ name: String, _ source: String) throws -> Tensor {
        try readInputAndPicture(name, source).tensor
    }

    private func readInputAndPicture(_ name: String, _ source: String) throws -> (tensor: Tensor, picture: Picture?) {
        let (path, tensorName) = Self.splitTensorName(source)
        switch URL(fileURLWithPath: path).pathExtension.lowercased() {
        case "safetensors":
            let file = try SafetensorsFile(path: path)
            guard let tensor = tensorName ?? (file.names.count == 1 ? file.names[0] : file.names.first { $0 == name })
            else {
                throw TesseraError(
                    .notFound,
                    "'\(path)' has no tensor '\(name)'; name one as \(path)#TENSOR"
                        + suggestion(for: name, among: file.names))
            }
            return (try converted(file.tensor(tensor), for: name), nil)
        case "npy": return (try converted(NpyFile.read(path), for: name), nil)
        default:
            guard let declaration = inputs[name] else {
                throw TesseraError(
                    .invalidArgument, "the network does not say how input '\(name)' is made of a picture")
            }
            let picture = try Picture(path: path)
            return (try converted(declaration.tensor(of: picture), for: name), picture)
        }
    }

    /// A tensor as the input wants it: an input of f32 takes every type of number, numbers of f32 and f64 become what is wanted,
    /// and a list of one element is a scalar.
    private func converted(_ given: Tensor, for name: String) throws -> Tensor {
        let input = graph.inputs.first { $0.name == name }
        let type = input?.elementType ?? .f32
        let isScalar = input?.shape.dimensions.isEmpty ?? false
        let tensor = isScalar && given.shape == [1] ? try given.reshaped(to: []) : given
        guard tensor.elementType != type else { return tensor }
        if type == .f32 { return try tensor.convertedToF32() }
        guard tensor.elementType == .f32 || tensor.elementType == .f64 else { return tensor }
        return try Tensor(
            reals: tensor.reals().map { type.isFloatingPoint ? $0 : $0.rounded() }, shape: tensor.shape,
            elementType: type)
    }

    /// Writes outputs to files given as `PATH` or `NAME=PATH`.
    ///
    /// A `.safetensors` file takes all tensors if none is named; other kinds take one output. A picture or `.json` file shows
    /// what the network file declares the output to be: a picture, a ranking of classes, or objects in the input's picture.
    /// - Throws: `invalidArgument` if a file cannot hold what it is given.
    public func writeOutputs(
        _ tensors: [String: Tensor], to arguments: [String], for inputs: NetworkInputs = NetworkInputs()
    ) throws {
        for argument in arguments {
            let (name, path) = try outputFile(argument)
            switch Self.kind(of: path) {
            case "safetensors":
                try SafetensorsFile.write(name.map { try tensorsOf($0, in: tensors) } ?? tensors, to: path)
            case "npy":
                let own = try tensorsOf(name ?? "", in: tensors)
                guard own.count == 1, let tensor = own.values.first else {
                    throw TesseraError(
                        .invalidArgument,
                        "expected one tensor for '\(path)', found \(own.keys.sorted().joined(separator: ", "))")
                }
                try NpyFile.write(tensor, to: path)
            case "json":
                let report = try NetworkReport(self, [name ?? ""], of: tensors, for: inputs)
                try Data(report.json(of: name ?? "").utf8).write(to: URL(fileURLWithPath: path))
            default: try picture(name ?? "", of: tensors, for: inputs).write(to: path)
            }
        }
    }

    /// Throws `invalidArgument` if the file cannot hold what the output shows.
    private func checkKind(of name: String?, _ path: String) throws {
        guard let name else { return }
        let expected =
            switch (outputs[name]?.kind ?? .tensor, Self.kind(of: path)) {
            case (.tensor, "json"): "a tensor, in a .npy or .safetensors file or as a picture"
            case (.ranking, "png"), (.ranking, "jpg"), (.ranking, "jpeg"):
                "a ranking, in a .json file, or its tensor in a .npy or .safetensors file"
            case (.detection, "npy"): "a detection, as a picture or in a .json or .safetensors file"
            default: nil as String?
            }
        guard let expected else { return }
        throw TesseraError(.invalidArgument, "output '\(name)' is \(expected); found '\(path)'")
    }

    /// The output that an argument names, nil for all, and the file.
    private func outputFile(_ argument: String) throws -> (name: String?, path: String) {
        let names = outputNames + graph.outputs.map(\.name).filter { !outputNames.contains($0) }
        let isNamed = names.contains { argument.hasPrefix("\($0)=") }
        if !isNamed, Self.kind(of: argument) == "safetensors" { return (nil, argument) }
        return try split(argument, names: names, only: outputNames, kind: "output")
    }

    /// The tensors that a declared output is made of, by their names.
    private func tensorsOf(_ name: String, in tensors: [String: Tensor]) throws -> [String: Tensor] {
        if let tensor = tensors[name] { return [name: tensor] }
        let parts = tensors.filter { $0.key.hasPrefix(name + ".") }
        guard !parts.isEmpty else { throw TesseraError(.notFound, "output '\(name)' was not made") }
        return parts
    }

    private static func kind(of path: String) -> String { URL(fileURLWithPath: path).pathExtension.lowercased() }

    /// Checks, before anything is computed, that outputs can be written where `arguments` say.
    ///
    /// - Throws: `notFound` for an unknown output, `inputOutput` for a folder that is not there, `invalidArgument` for a kind of
    ///   file that is not written.
    public func checkOutputs(_ arguments: [String]) throws {
        for argument in arguments {
            let (name, path) = try outputFile(argument)
            let url = URL(fileURLWithPath: path)
            var isFolder: ObjCBool = false
            let folder = url.deletingLastPathComponent().path
            guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
                throw TesseraError(.inputOutput, "cannot write '\(path)': there is no folder '\(folder)'")
            }
            let kinds = ["safetensors", "npy", "json", "png", "jpg", "jpeg"]
            guard kinds.contains(url.pathExtension.lowercased()) else {
                throw TesseraError(
                    .invalidArgument, "expected an output named .\(kinds.joined(separator: ", .")), found '\(path)'")
            }
            try checkKind(of: name, path)
        }
    }

    /// `NAME=REST`, where NAME must be one of `names`; without it, the only one of `usual`, or else of `names`, that there is.
    private func split(
        _ argument: String, names: [String], only usual: [String]? = nil, kind: String
    ) throws -> (String, String) {
        if let name = names.first(where: { argument.hasPrefix("\($0)=") }) {
            return (name, String(argument.dropFirst(name.count + 1)))
        }
        if let equals = argument.firstIndex(of: "="), !argument[..<equals].contains("/") {
            let name = String(argument[..<equals])
            throw TesseraError(.notFound, "the network has no \(kind) '\(name)'" + suggestion(for: name, among: names))
        }
        let usual = usual ?? names
        guard usual.count == 1 else {
            throw TesseraError(
                .invalidArgument,
                "expected NAME=PATH, since the network has several \(kind)s: \(usual.joined(separator: ", "))")
        }
        return (usual[0], argument)
    }

    private static func splitTensorName(_ source: String) -> (path: String, tensor: String?) {
        guard let mark = source.lastIndex(of: "#"), !FileManager.default.fileExists(atPath: source) else {
            return (source, nil)
        }
        return (String(source[..<mark]), String(source[source.index(after: mark)...]))
    }
}
