import TesseraCore

extension Picture {
    /// The picture with a frame around every object, its label and its score.
    public func showing(_ objects: [DetectedObject]) throws -> Picture {
        var canvas = try PictureCanvas(self)
        let thickness = max(1, min(width, height) / 200)
        let scale = max(1, min(width, height) / 256)
        let lineHeight = (BitmapFont.height + 2) * scale
        // The most certain ones last, on top of the others.
        for object in objects.reversed() {
            let colour = PictureCanvas.Colour.distinct(object.index)
            let (x, y) = (
                Self.pixels(object.box.left, object.box.right), Self.pixels(object.box.top, object.box.bottom)
            )
            canvas.outline(x: x, y: y, thickness: thickness, colour)
            let isShare = (0...1).contains(object.score)
            let score = isShare ? "\(Int((object.score * 100).rounded()))%" : "\(object.score)"
            let isAbove = y.lowerBound >= lineHeight
            canvas.caption(
                "\(object.label) \(score)", x: x.lowerBound, y: isAbove ? y.lowerBound - lineHeight : y.lowerBound,
                scale: scale, colour)
        }
        return try canvas.picture
    }

    /// The pixels between two places, one at least. The places are within a picture.
    private static func pixels(_ start: Float, _ end: Float) -> Range<Int> {
        let first = Int(start.rounded())
        return first..<max(first + 1, Int(end.rounded()))
    }
}
