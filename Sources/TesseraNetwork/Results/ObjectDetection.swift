import TesseraCore

/// An object that a network sees in a picture.
public struct DetectedObject: Sendable, Equatable, Encodable {
    /// Which picture of the batch it is in.
    public var item: Int
    /// The number of its class.
    public var index: Int
    public var label: String
    public var score: Float
    /// Where it is, in pixels of the picture.
    public var box: BoundingBox

    enum CodingKeys: String, CodingKey {
        case item, label, score, box
        case index = "class"
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(item, forKey: .item)
        try container.encode(index, forKey: .index)
        try container.encode(label, forKey: .label)
        try container.encode(score, forKey: .score)
        try container.encode([box.left, box.top, box.right, box.bottom], forKey: .box)
    }
}

extension DetectionDeclaration {
    private struct Sizes {
        var batch: Int
        var boxes: Int
        var classes: Int
    }

    /// Throws `shapeMismatch` unless boxes and scores have shapes that go together.
    func check(boxes: Shape, scores: Shape) throws { _ = try sizes(boxes: boxes, scores: scores) }

    private func sizes(boxes: Shape, scores: Shape) throws -> Sizes {
        guard (2...3).contains(boxes.rank), boxes[boxes.rank - 1] == 4 else {
            throw TesseraError(.shapeMismatch, "expected boxes of [batch, boxes, 4], found \(boxes)", path: "boxes")
        }
        let items = Array(boxes.dimensions.dropLast())
        guard scores.rank - items.count == 0 || scores.rank - items.count == 1,
            Array(scores.dimensions.prefix(items.count)) == items
        else {
            throw TesseraError(
                .shapeMismatch,
                "expected scores of [\(items.map(String.init).joined(separator: ", ")), classes], found \(scores)",
                path: "scores")
        }
        let classes = scores.rank > items.count ? scores[items.count] : 1
        try labels?.check(classes)
        if let background, background >= classes {
            throw TesseraError(
                .shapeMismatch, "expected one of \(classes) classes, found \(background)", path: "background")
        }
        return Sizes(batch: items.count == 2 ? items[0] : 1, boxes: items[items.count - 1], classes: classes)
    }

    /// The objects in a batch of pictures, the most certain first: of those of one class that overlap by more than `iou`,
    /// only the most certain one (non-maximum suppression).
    ///
    /// - Parameters:
    ///   - input: width and height of the network's input.
    ///   - view: what part of the picture the input shows.
    func objects(
        boxes: Tensor, scores: Tensor, input: (width: Int, height: Int), view: PictureView
    ) throws -> [DetectedObject] {
        let sizes = try sizes(boxes: boxes.shape, scores: scores.shape)
        let (boxes, scores) = (try boxes.convertedToF32().floats(), try scores.convertedToF32().floats())
        return (0..<sizes.batch).flatMap { item -> [DetectedObject] in
            var candidates: [DetectedObject] = []
            for position in item * sizes.boxes..<(item + 1) * sizes.boxes {
                var values = Array(scores[position * sizes.classes..<(position + 1) * sizes.classes])
                if softmax { values = values.softmax() }
                for (index, value) in values.enumerated() where index != background && Double(value) >= score {
                    var box = format.box(boxes[position * 4..<position * 4 + 4])
                    if coordinates == .pixels { box.scale(1 / Float(input.width), 1 / Float(input.height)) }
                    guard let box = view.box(box) else { continue }
                    candidates.append(
                        DetectedObject(
                            item: item, index: index, label: labels?[index] ?? String(index), score: value, box: box))
                }
            }
            return suppressed(candidates)
        }
    }

    private func suppressed(_ candidates: [DetectedObject]) -> [DetectedObject] {
        let order = candidates.indices.sorted {
            candidates[$0].score == candidates[$1].score ? $0 < $1 : candidates[$0].score > candidates[$1].score
        }
        var kept: [DetectedObject] = []
        for index in order where kept.count < maximum {
            let candidate = candidates[index]
            let isNew = kept.allSatisfy { other in
                other.index != candidate.index || Double(other.box.overlap(candidate.box)) <= iou
            }
            if isNew { kept.append(candidate) }
        }
        return kept
    }
}

extension BoundingBox {
    fileprivate mutating func scale(_ x: Float, _ y: Float) {
        (left, right) = (left * x, right * x)
        (top, bottom) = (top * y, bottom * y)
    }
}

/// The part of a picture that a network's input shows, in pixels.
public struct PictureView: Sendable, Equatable {
    public var x: Double
    public var y: Double
    public var width: Double
    public var height: Double
    /// The size of the whole picture.
    public var picture: (width: Int, height: Int) { (pictureWidth, pictureHeight) }
    private let pictureWidth: Int
    private let pictureHeight: Int

    /// All of a picture.
    init(whole width: Int, _ height: Int) {
        self.init(x: 0, y: 0, width: Double(width), height: Double(height), of: width, height)
    }

    init(x: Double, y: Double, width: Double, height: Double, of pictureWidth: Int, _ pictureHeight: Int) {
        (self.x, self.y, self.width, self.height) = (x, y, width, height)
        (self.pictureWidth, self.pictureHeight) = (pictureWidth, pictureHeight)
    }

    /// A box with coordinates from 0 to 1 over this view, in pixels of the picture; nil if nothing of it is inside.
    func box(_ box: BoundingBox) -> BoundingBox? {
        func place(_ value: Float, _ start: Double, _ size: Double, _ limit: Int) -> Float {
            Float(min(max(start + Double(value) * size, 0), Double(limit)))
        }
        guard [box.left, box.top, box.right, box.bottom].allSatisfy(\.isFinite) else { return nil }
        let result = BoundingBox(
            left: place(box.left, x, width, pictureWidth), top: place(box.top, y, height, pictureHeight),
            right: place(box.right, x, width, pictureWidth), bottom: place(box.bottom, y, height, pictureHeight))
        return result.right > result.left && result.bottom > result.top ? result : nil
    }
}
