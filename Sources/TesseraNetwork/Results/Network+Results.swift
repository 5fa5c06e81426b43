import TesseraCore

/// What an output shows.
public enum NetworkResult: Sendable {
    case tensor(Tensor)
    /// The best classes, item by item.
    case classes([RankedClass])
    /// What is seen in a picture, the most certain first.
    case objects([DetectedObject])
}

/// What is given to a network: tensors, and the pictures that some were made of.
public struct NetworkInputs: Sendable {
    public var tensors: [String: Tensor]
    public var pictures: [String: Picture]

    public init(tensors: [String: Tensor] = [:], pictures: [String: Picture] = [:]) {
        (self.tensors, self.pictures) = (tensors, pictures)
    }

    /// The shape of every input.
    public var shapes: [String: Shape] { tensors.mapValues(\.shape) }
}

extension Network {
    /// The names of the graph outputs that a detection is made of.
    static func parts(ofDetection name: String) -> (boxes: String, scores: String) {
        ("\(name).boxes", "\(name).scores")
    }

    /// The outputs as the network file declares them, in order. One that is a detection is made of two of the graph's.
    public var outputNames: [String] {
        var detections: [String: String] = [:]
        for (name, declaration) in outputs where declaration.detect != nil {
            let parts = Self.parts(ofDetection: name)
            (detections[parts.boxes], detections[parts.scores]) = (name, name)
        }
        var seen: Set<String> = []
        return graph.outputs.map { detections[$0.name] ?? $0.name }.filter { seen.insert($0).inserted }
    }

    /// Throws `shapeMismatch` if an output of these shapes, by graph output, cannot be shown as declared.
    func checkResults(_ shapes: [String: Shape]) throws {
        for name in outputNames {
            guard let declaration = outputs[name] else { continue }
            try nestingErrors(path: "outputs.\(name)") {
                if let detect = declaration.detect {
                    let parts = Self.parts(ofDetection: name)
                    guard let boxes = shapes[parts.boxes], let scores = shapes[parts.scores] else { return }
                    try detect.check(boxes: boxes, scores: scores)
                } else if let ranking = declaration.ranking, let shape = shapes[name] {
                    _ = try ranking.check(shape)
                }
            }
        }
    }

    /// What a declared output shows.
    ///
    /// - Parameters:
    ///   - tensors: what the graph's outputs are, by name.
    ///   - inputs: what they were made of.
    /// - Throws: `notFound` for an unknown output, `shapeMismatch` for tensors that do not fit its declaration.
    public func result(_ name: String, of tensors: [String: Tensor], for inputs: NetworkInputs) throws -> NetworkResult
    {
        func tensor(_ name: String) throws -> Tensor {
            guard let tensor = tensors[name] else {
                throw TesseraError(
                    .notFound, "output '\(name)' was not made" + suggestion(for: name, among: tensors.keys))
            }
            return tensor
        }
        let declaration = outputs[name] ?? OutputDeclaration()
        return try nestingErrors(path: "outputs.\(name)") {
            if let detect = declaration.detect {
                let parts = Self.parts(ofDetection: name)
                let (input, view) = try view(for: detect, in: inputs)
                return .objects(
                    try detect.objects(
                        boxes: tensor(parts.boxes), scores: tensor(parts.scores), input: input, view: view))
            }
            guard let ranking = declaration.ranking else { return .tensor(try tensor(name)) }
            return .classes(try ranking.rank(tensor(name)))
        }
    }

    /// The picture that a declared output shows: its tensor, or the input with the objects in it.
    ///
    /// - Throws: `shapeMismatch` if it shows none.
    public func picture(_ name: String, of tensors: [String: Tensor], for inputs: NetworkInputs) throws -> Picture {
        switch try result(name, of: tensors, for: inputs) {
        case .tensor(let tensor):
            return try locatingErrors(path: "outputs.\(name)") {
                try (outputs[name] ?? OutputDeclaration()).picture(of: tensor)
            }
        case .objects(let objects):
            return try sourcePicture(for: outputs[name]?.detect, in: inputs).showing(objects.filter { $0.item == 0 })
        case .classes:
            throw TesseraError(
                .shapeMismatch, "expected an output that is a picture, found a ranking of classes",
                path: "outputs.\(name)")
        }
    }

    /// The input that a detection looks at.
    func pictureInput(of detect: DetectionDeclaration?) throws -> String {
        let names = graph.inputs.map(\.name)
        if let name = detect?.picture {
            guard names.contains(name) else {
                throw TesseraError(
                    .notFound, "the network has no input '\(name)'" + suggestion(for: name, among: names),
                    path: "picture")
            }
            return name
        }
        let candidates = names.filter { inputs[$0]?.takesPictures ?? false }
        guard candidates.count == 1 else {
            throw TesseraError(
                .invalidArgument,
                "expected 'picture' with the input that has the picture, one of \(names.joined(separator: ", "))")
        }
        return candidates[0]
    }

    /// The size of the input that a detection looks at, and what part of the picture it shows.
    private func view(
        for detect: DetectionDeclaration, in given: NetworkInputs
    ) throws -> (input: (width: Int, height: Int), PictureView) {
        let name = try pictureInput(of: detect)
        guard let tensor = given.tensors[name], let declaration = inputs[name],
            let size = declaration.pictureSize(of: tensor.shape)
        else { throw TesseraError(.shapeMismatch, "expected input '\(name)' to be a picture") }
        let input = (width: size.width, height: size.height)
        guard let picture = given.pictures[name] else {
            return (input, PictureView(whole: input.width, input.height))
        }
        return (input, try declaration.view(of: picture))
    }

    /// The picture that a detection looks at; what the input's tensor shows if it was given as such.
    private func sourcePicture(for detect: DetectionDeclaration?, in given: NetworkInputs) throws -> Picture {
        let name = try pictureInput(of: detect)
        if let picture = given.pictures[name] { return picture }
        guard let tensor = given.tensors[name], let declaration = inputs[name] else {
            throw TesseraError(.notFound, "input '\(name)' is missing")
        }
        return try declaration.picture(of: tensor)
    }
}
