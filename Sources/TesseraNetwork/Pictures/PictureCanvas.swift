import TesseraCore

/// A picture that is drawn on. What lies outside is left out.
struct PictureCanvas {
    struct Colour: Equatable {
        var red: UInt8
        var green: UInt8
        var blue: UInt8

        static let black = Colour(red: 0, green: 0, blue: 0)
        static let white = Colour(red: 255, green: 255, blue: 255)

        /// Colours that are told apart: one for each class of objects, again from the first after the last.
        static func distinct(_ index: Int) -> Colour {
            let hues: [Colour] = [
                Colour(red: 230, green: 25, blue: 75), Colour(red: 60, green: 180, blue: 75),
                Colour(red: 67, green: 99, blue: 216), Colour(red: 245, green: 130, blue: 49),
                Colour(red: 145, green: 30, blue: 180), Colour(red: 66, green: 212, blue: 244),
                Colour(red: 240, green: 50, blue: 230), Colour(red: 255, green: 225, blue: 25),
            ]
            return hues[((index % hues.count) + hues.count) % hues.count]
        }

        /// Black or white, whichever is read more easily on this colour.
        var contrast: Colour {
            299 * Int(red) + 587 * Int(green) + 114 * Int(blue) > 140_000 ? .black : .white
        }
    }

    let width: Int
    let height: Int
    private var pixels: [UInt8]

    init(_ picture: Picture) throws {
        width = picture.width
        height = picture.height
        pixels = try picture.rgb().pixels
    }

    var picture: Picture {
        get throws { try Picture(width: width, height: height, channels: 3, pixels: pixels) }
    }

    mutating func fill(x: Range<Int>, y: Range<Int>, _ colour: Colour) {
        let (columns, rows) = (x.clamped(to: 0..<width), y.clamped(to: 0..<height))
        for row in rows {
            for column in columns {
                let index = (row * width + column) * 3
                pixels[index] = colour.red
                pixels[index + 1] = colour.green
                pixels[index + 2] = colour.blue
            }
        }
    }

    /// The outline of a rectangle, `thickness` pixels wide to the inside.
    mutating func outline(x: Range<Int>, y: Range<Int>, thickness: Int, _ colour: Colour) {
        let (across, down) = (min(thickness, x.count), min(thickness, y.count))
        fill(x: x, y: y.lowerBound..<y.lowerBound + down, colour)
        fill(x: x, y: y.upperBound - down..<y.upperBound, colour)
        fill(x: x.lowerBound..<x.lowerBound + across, y: y, colour)
        fill(x: x.upperBound - across..<x.upperBound, y: y, colour)
    }

    /// A line of text on a background, its top-left corner as near to (x, y) as the picture allows.
    ///
    /// - Parameter scale: pixels for each pixel of the letters.
    mutating func caption(_ text: String, x: Int, y: Int, scale: Int, _ colour: Colour) {
        let letters = Array(text.prefix(256))
        let (lineWidth, lineHeight) = (
            (letters.count * (BitmapFont.width + 1) + 1) * scale, (BitmapFont.height + 2) * scale
        )
        let left = max(0, min(x, width - lineWidth))
        let top = max(0, min(y, height - lineHeight))
        fill(x: left..<left + lineWidth, y: top..<top + lineHeight, colour)
        for (index, letter) in letters.enumerated() {
            for (row, set) in BitmapFont.glyph(letter).enumerated() {
                for column in set.indices where set[column] {
                    let pixelX = left + (index * (BitmapFont.width + 1) + 1 + column) * scale
                    let pixelY = top + (row + 1) * scale
                    fill(x: pixelX..<pixelX + scale, y: pixelY..<pixelY + scale, colour.contrast)
                }
            }
        }
    }
}
