import TesseraCore

/// A safetensors file: tensors by name. Reading one looks only at the header; a tensor's data is read where it is used.
///
/// Format: https://github.com/huggingface/safetensors
public struct SafetensorsFile: Sendable {
    public let path: String
    private let file: MappedFile
    private let header: SafetensorsHeader

    /// Opens a file and checks that every tensor it lists lies inside it and has the size that its shape demands.
    ///
    /// - Throws: `inputOutput` if it cannot be read; `malformedFile` with the tensor, what was expected and found.
    public init(path: String) throws {
        self.path = path
        file = try MappedFile(path: path)
        header = try SafetensorsHeader(file)
    }

    /// The names of all tensors, sorted.
    public var names: [String] { header.entries.keys.sorted() }

    /// What the file says about itself.
    public var metadata: [String: String] { header.metadata }

    /// The shape of a tensor, nil if there is none of that name.
    public func shape(of name: String) -> Shape? { header.entries[name]?.shape }

    /// The tensor of that name, in place if its data is aligned for its type.
    ///
    /// - Throws: `notFound` with the nearest name; `notSupported` for an element type that Tessera does not have.
    public func tensor(_ name: String) throws -> Tensor {
        guard let entry = header.entries[name] else {
            throw TesseraError(.notFound, "'\(path)' has no tensor '\(name)'" + suggestion(for: name, among: names))
        }
        guard let elementType = Self.elementTypes[entry.type] else {
            let known = Self.elementTypes.keys.sorted().joined(separator: ", ")
            throw TesseraError(
                .notSupported, "'\(path)': tensor '\(name)': expected a type of \(known), found \(entry.type)")
        }
        return try file.tensor(entry.range, shape: entry.shape, elementType: elementType)
    }

    /// The types of the format are ours in capitals.
    static let elementTypes = Dictionary(uniqueKeysWithValues: ElementType.allCases.map { (typeName($0), $0) })

    static func typeName(_ type: ElementType) -> String { type.rawValue.uppercased() }
}
