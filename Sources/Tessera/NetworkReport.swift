import Foundation
import TesseraCore
import TesseraNetwork

/// What the outputs of an inference show, for people and as JSON: tensors, rankings of classes, objects in pictures.
public struct NetworkReport: Sendable {
    private let results: [(name: String, result: NetworkResult)]

    /// - Parameters:
    ///   - names: the outputs, as the network file declares them; nil for all.
    ///   - tensors: what the graph's outputs are, by name.
    ///   - inputs: what they were made of.
    public init(
        _ network: Network, _ names: [String]? = nil, of tensors: [String: Tensor], for inputs: NetworkInputs
    ) throws {
        results = try (names ?? network.outputNames).map { ($0, try network.result($0, of: tensors, for: inputs)) }
    }

    /// A ranking or the objects of an output, or a tensor's shape.
    public enum Entry: Encodable {
        case shape([Int])
        case classes([RankedClass])
        case objects([DetectedObject])

        public func encode(to encoder: any Encoder) throws {
            switch self {
            case .shape(let sizes): try sizes.encode(to: encoder)
            case .classes(let classes): try classes.encode(to: encoder)
            case .objects(let objects): try objects.encode(to: encoder)
            }
        }
    }

    /// The rankings and objects by output; tensors are left out.
    public var entries: [String: Entry] {
        Dictionary(
            uniqueKeysWithValues: results.compactMap { name, result in
                switch result {
                case .tensor: nil
                case .classes(let classes): (name, .classes(classes))
                case .objects(let objects): (name, .objects(objects))
                }
            })
    }

    /// What one output shows, as JSON.
    ///
    /// - Throws: `invalidArgument` for an output that is a tensor.
    func json(of name: String) throws -> String {
        guard let entry = entries[name] else {
            throw TesseraError(
                .invalidArgument,
                "expected an output that is a ranking or a detection for a .json file, found the tensor '\(name)'")
        }
        return try readableJSON(entry) + "\n"
    }

    /// The outputs for people to read.
    public var text: String {
        get throws { try results.map { try Self.text($0.name, $0.result) }.joined(separator: "\n") }
    }

    private static func text(_ name: String, _ result: NetworkResult) throws -> String {
        switch result {
        case .tensor(let tensor): return "\(name): \(tensor.shape)\(try values(of: tensor))"
        case .classes(let classes):
            let isBatch = classes.contains { $0.item > 0 }
            var table = TextTable(header: [name, "class", "score"] + (isBatch ? ["item"] : []))
            for entry in classes {
                table.add([entry.label, "\(entry.index)", number(entry.score)] + (isBatch ? ["\(entry.item)"] : []))
            }
            return table.description
        case .objects(let objects):
            guard !objects.isEmpty else { return "\(name): nothing found" }
            let isBatch = objects.contains { $0.item > 0 }
            let header = [name, "score", "left", "top", "right", "bottom"]
            var table = TextTable(header: header + (isBatch ? ["item"] : []))
            for object in objects {
                let sides = [object.box.left, object.box.top, object.box.right, object.box.bottom]
                table.add(
                    [object.label, number(object.score)] + sides.map { String(format: "%.1f", $0) }
                        + (isBatch ? ["\(object.item)"] : []))
            }
            return table.description
        }
    }

    private static func number(_ value: Float) -> String { String(format: "%.4f", value) }

    /// The values of a small tensor, the range of a large one.
    private static func values(of tensor: Tensor) throws -> String {
        let values = tensor.reals()
        guard values.count > 16 else { return "  " + values.map { String(format: "%.5g", $0) }.joined(separator: " ") }
        return String(format: "  from %.5g to %.5g", values.min() ?? 0, values.max() ?? 0)
    }
}

/// A value as JSON for people and programs: keys in order, one line for each. JSON has no notation for what is no number or
/// infinite, so those are the strings "nan", "inf" and "-inf".
public func readableJSON(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
        positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return String(decoding: try encoder.encode(value), as: UTF8.self)
}
