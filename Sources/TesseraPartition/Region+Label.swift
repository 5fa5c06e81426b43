import TesseraCore

extension Region {
    /// What a person is told of it as a part of a value of `shape`: a sub-map by its pixels (METHODS.md A2), its channels if it has
    /// not all of them, a part of [batch, features] by its features. All are counted from 0, the last included.
    func label(in shape: Shape) -> String {
        guard rank == shape.rank, !isEmpty else { return description }
        switch rank {
        case 2: return "features \(bounds(of: 1))"
        case 4 where self[1].count == shape[1]: return pixelLabel
        case 4:
            let channels = "channels \(bounds(of: 1))"
            let hasAllPixels = self[2].count == shape[2] && self[3].count == shape[3]
            return hasAllPixels ? channels : "\(pixelLabel) of \(channels)"
        default: return description
        }
    }

    /// Where it lies in a whole value, for errors: the axes that it has not all of, counted from 1, the last included.
    func positions(in whole: Region) -> String {
        guard rank == whole.rank else { return "one of \(rank) axes" }
        let names =
            switch rank {
            case 2: ["images", "features"]
            case 4: ["images", "channels", "rows", "columns"]
            default: ranges.indices.map { "axis \($0 + 1):" }
            }
        let parts = ranges.indices.filter { self[$0] != whole[$0] }.map {
            "\(names[$0]) \(self[$0].lowerBound + 1) to \(self[$0].upperBound)"
        }
        return parts.isEmpty ? "all of it" : parts.joined(separator: ", ")
    }

    private func bounds(of axis: Int) -> String { "\(self[axis].lowerBound)-\(self[axis].upperBound - 1)" }
}
