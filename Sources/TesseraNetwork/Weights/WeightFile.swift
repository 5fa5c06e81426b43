import TesseraCore

/// A file that has tensors by name.
public protocol WeightFile: Sendable {
    /// The names of all tensors, sorted.
    var names: [String] { get }

    /// The tensor of that name.
    ///
    /// - Throws: `notFound` with the nearest name, `malformedFile` with the tensor if its data is damaged.
    func tensor(_ name: String) throws -> Tensor
}

extension SafetensorsFile: WeightFile {}

/// Opens files of weights in another format than safetensors. Whoever loads networks is given the formats there are.
public protocol WeightFileFormat: Sendable {
    /// The extension of such files, in lower case and without the dot.
    var fileExtension: String { get }

    /// - Throws: `inputOutput` if the file cannot be read, `malformedFile` if it is none of this format.
    func open(_ path: String) throws -> any WeightFile
}
