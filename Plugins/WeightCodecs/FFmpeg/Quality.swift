import TesseraCore

/// Checks of the key `quality` of lossy codecs: from 1, the smallest files, to 100, the best.
enum Quality {
    static let summary = "from 1, the smallest files, to 100, the best; lossless if left out"

    /// - Throws: `invalidArgument` for anything else.
    static func check(_ quality: Int?) throws {
        guard quality.map({ (1...100).contains($0) }) ?? true else {
            throw TesseraError(.invalidArgument, "expected 'quality' from 1 to 100, found \(quality ?? 0)")
        }
    }

    /// The number between a worst and a best value of an encoder's own parameter.
    static func scaled(_ quality: Int, worst: Double, best: Double) -> Double {
        worst + (best - worst) * Double(quality - 1) / 99
    }
}
