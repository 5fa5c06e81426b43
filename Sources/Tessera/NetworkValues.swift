import Foundation
import TesseraCore
import TesseraNetwork

/// Inputs and outputs of networks in files: tensors (.safetensors, .npy) and pictures.
extension Network {
    /// Reads inputs given as `NAME=PATH` or `NAME=PATH#TENSOR`; without `NAME=` if the network has one input.
    ///
    /// - Throws: `notFound` for an unknown input or tensor, `invalidArgument` for one that is given twice, what reading throws.
    public func readInputs(_ arguments: [String]) throws -> [String: Tensor] {
        var tensors: [String: Tensor] = [:]
        for argument in arguments {
            let (name, path) = try split(argument, names: graph.inputs.map(\.name), kind: "input")
            guard tensors[name] == nil else { throw TesseraError(.invalidArgument, "input '\(name)' is given twice") }
            tensors[name] = try locatingErrors(path: "input '\(name)'") {
                let tensor = try readInput(name, path)
                // Kernels need not pass a NaN on: the output would look right and be wrong.
                try tensor.requireNumbers(path)
                return tensor
            }
        }
        return tensors
    }

    /// Reads one input from `PATH` or `PATH#TENSOR`.
    public func readInput(_ name: String, _ source: String) throws -> Tensor {
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
            return try converted(file.tensor(tensor), for: name)
        case "npy": return try converted(NpyFile.read(path), for: name)
        default:
            guard let declaration = inputs[name] else {
                throw TesseraError(
                    .invalidArgument, "the network does not say how input '\(name)' is made of a picture")
            }
            return try declaration.tensor(of: Picture(path: path))
        }
    }

    /// A tensor as the input wants it: an input of f32 takes every type of number.
    private func converted(_ tensor: Tensor, for name: String) throws -> Tensor {
        guard graph.inputs.first(where: { $0.name == name })?.elementType ?? .f32 == .f32 else { return tensor }
        return try tensor.convertedToF32()
    }

    /// Writes outputs to files given as `PATH` or `NAME=PATH`.
    ///
    /// A `.safetensors` file takes all outputs if none is named; other kinds take one.
    /// - Throws: `invalidArgument` if a file cannot hold what it is given.
    public func writeOutputs(_ tensors: [String: Tensor], to arguments: [String]) throws {
        for argument in arguments {
            let names = graph.outputs.map(\.name)
            let isNamed = names.contains { argument.hasPrefix("\($0)=") }
            if !isNamed, argument.lowercased().hasSuffix(".safetensors") {
                try SafetensorsFile.write(tensors, to: argument)
                continue
            }
            let (name, path) = try split(argument, names: names, kind: "output")
            guard let tensor = tensors[name] else { throw TesseraError(.notFound, "output '\(name)' was not made") }
            try writeOutput(name, tensor, to: path)
        }
    }

    /// Checks, before anything is computed, that outputs can be written where `arguments` say.
    ///
    /// - Throws: `notFound` for an unknown output, `inputOutput` for a folder that is not there, `invalidArgument` for a kind of
    ///   file that is not written.
    public func checkOutputs(_ arguments: [String]) throws {
        let names = graph.outputs.map(\.name)
        for argument in arguments {
            let isNamed = names.contains { argument.hasPrefix("\($0)=") }
            let isWhole = !isNamed && argument.lowercased().hasSuffix(".safetensors")
            let path = isWhole ? argument : try split(argument, names: names, kind: "output").1
            let url = URL(fileURLWithPath: path)
            var isFolder: ObjCBool = false
            let folder = url.deletingLastPathComponent().path
            guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
                throw TesseraError(.inputOutput, "cannot write '\(path)': there is no folder '\(folder)'")
            }
            let kinds = ["safetensors", "npy", "png", "jpg", "jpeg"]
            guard kinds.contains(url.pathExtension.lowercased()) else {
                throw TesseraError(
                    .invalidArgument, "expected an output named .\(kinds.joined(separator: ", .")), found '\(path)'")
            }
        }
    }

    private func writeOutput(_ name: String, _ tensor: Tensor, to path: String) throws {
        switch URL(fileURLWithPath: path).pathExtension.lowercased() {
        case "safetensors": try SafetensorsFile.write([name: tensor], to: path)
        case "npy": try NpyFile.write(tensor, to: path)
        default:
            let declaration = outputs[name] ?? OutputDeclaration()
            try locatingErrors(path: "output '\(name)'") { try declaration.picture(of: tensor) }.write(to: path)
        }
    }

    /// `NAME=REST`, where NAME must be one of `names`; without it, the only name there is.
    private func split(_ argument: String, names: [String], kind: String) throws -> (String, String) {
        if let name = names.first(where: { argument.hasPrefix("\($0)=") }) {
            return (name, String(argument.dropFirst(name.count + 1)))
        }
        if let equals = argument.firstIndex(of: "="), !argument[..<equals].contains("/") {
            let name = String(argument[..<equals])
            throw TesseraError(.notFound, "the network has no \(kind) '\(name)'" + suggestion(for: name, among: names))
        }
        guard names.count == 1 else {
            throw TesseraError(
                .invalidArgument,
                "expected NAME=PATH, since the network has several \(kind)s: \(names.joined(separator: ", "))")
        }
        return (names[0], argument)
    }

    private static func splitTensorName(_ source: String) -> (path: String, tensor: String?) {
        guard let mark = source.lastIndex(of: "#"), !FileManager.default.fileExists(atPath: source) else {
            return (source, nil)
        }
        return (String(source[..<mark]), String(source[source.index(after: mark)...]))
    }
}
