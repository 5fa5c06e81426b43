/// Probabilities on the logistic scale, where predictions can be added: stretch(p) = ln(p / (1 - p)), in 1/256, for p in 1/4096.
///
/// The tables are made of whole numbers, so that they are the same on every host.
enum Logistic {
    static let limit: Int32 = 2047

    /// The probability, in 1/65536, of a place on the scale in 1/256: interpolated between 33 points.
    static func squash(_ place: Int32) -> Int32 {
        if place > limit { return 65519 }
        if place < -limit { return 16 }
        let fraction = place & 127
        let index = Int(place >> 7) + 16
        return (points[index] * (128 - fraction) + points[index + 1] * fraction + 64) >> 7
    }

    /// 65536 / (1 + e^-x) for x = -8, -7.5 … 8, rounded.
    private static let points: [Int32] = [
        22, 36, 60, 98, 162, 267, 439, 720, 1179, 1921, 3108, 4971, 7812, 11955, 17625, 24743, 32768, 40793, 47911,
        53581,
        57724, 60565, 62428, 63615, 64357, 64816, 65097, 65269, 65374, 65438, 65476, 65500, 65514,
    ]

    /// The place of each probability in 1/4096: the inverse of `squash`.
    static let stretches: [Int32] = {
        var result = [Int32](repeating: limit, count: 4096)
        var next = 0
        for place in -limit...limit {
            let probability = Int(squash(place) >> 4)
            while next <= probability {
                result[next] = place
                next += 1
            }
        }
        return result
    }()
}
