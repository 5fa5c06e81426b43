import TesseraCore
import TesseraNetwork

/// Reads the types and shapes that a model states.
struct InputImport {
    /// The names given to the model's own names of sizes.
    private var symbols: [String: String] = [:]
    private var names = UniqueNames()

    init() {}

    /// The declarations of the graph's inputs. Those that are no tensor, or of unknown type or rank, are among the problems.
    ///
    /// - Throws: `malformedFile` for one that is declared twice.
    func inputs(_ infos: [ONNXValueInfoProto], problems: inout ImportProblems) throws -> [ImportedGraph.Input] {
        var importer = self
        var names: Set<String> = []
        var inputs: [ImportedGraph.Input] = []
        for info in infos {
            guard names.insert(info.name).inserted else {
                throw TesseraError(.malformedFile, "the input '\(info.name)' is declared twice")
            }
            problems.collect(input: info.name) { inputs.append(try importer.input(info)) }
        }
        return inputs
    }

    private mutating func input(_ info: ONNXValueInfoProto) throws -> ImportedGraph.Input {
        guard case .tensorType(let tensor)? = info.type.value else {
            throw TesseraError(.notSupported, "an input that is no tensor is not supported")
        }
        guard tensor.hasShape else {
            throw TesseraError(.notSupported, "an input whose number of axes is not known is not supported")
        }
        let type = try ElementType(onnx: tensor.elemType)
        guard tensor.shape.dim.count <= 16 else {
            throw TesseraError(.malformedFile, "expected at most 16 axes, found \(tensor.shape.dim.count)")
        }
        let dimensions = try tensor.shape.dim.enumerated().map { axis, dimension in
            try self.dimension(dimension, open: "\(LayerNames.sanitized(info.name))_\(axis)")
        }
        return ImportedGraph.Input(name: info.name, elementType: type, shape: SymbolicShape(dimensions))
    }

    /// - Parameter open: the name of a size of which nothing is known.
    private mutating func dimension(
        _ dimension: ONNXTensorShapeProto.Dimension, open: String
    ) throws -> Dimension {
        switch dimension.value {
        case .dimValue(let size) where size >= 0:
            guard size < 1 << 40 else { throw TesseraError(.malformedFile, "the size \(size) is too large") }
            return .fixed(Int(size))
        case .dimParam(let name) where !name.isEmpty: return .symbol(symbol(name))
        // Some exporters write -1 for a size that is open.
        default: return .symbol(unique(open))
        }
    }

    private mutating func symbol(_ name: String) -> String {
        if let known = symbols[name] { return known }
        let symbol = unique(name)
        symbols[name] = symbol
        return symbol
    }

    /// A name that network files take for a size: letters, digits and underscores.
    private mutating func unique(_ name: String) -> String {
        var text = String(
            name.unicodeScalars.map { scalar in
                switch scalar {
                case "a"..."z", "A"..."Z", "0"..."9", "_": Character(scalar)
                default: "_"
                }
            })
        if text.first.map(\.isNumber) ?? true { text = "_" + text }
        return names.claim(text)
    }

    /// What the model states of values within it, by name. What makes no sense is left out.
    static func facts(_ infos: [ONNXValueInfoProto]) throws -> [String: ValueFacts] {
        var facts: [String: ValueFacts] = [:]
        for info in infos {
            guard case .tensorType(let tensor)? = info.type.value else { continue }
            var sizes: [Int?]?
            if tensor.hasShape, tensor.shape.dim.count <= 16 {
                sizes = tensor.shape.dim.map { dimension in
                    guard case .dimValue(let size) = dimension.value, (0..<1 << 40).contains(size) else { return nil }
                    return Int(size)
                }
            }
            facts[info.name] = ValueFacts(type: try? ElementType(onnx: tensor.elemType), dimensions: sizes)
        }
        return facts
    }
}
