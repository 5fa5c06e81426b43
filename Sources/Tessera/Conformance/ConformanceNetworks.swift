import TesseraCore
import TesseraNetwork
import TesseraOperators

/// The networks that modules are checked with: small, and of all structures that matter.
enum ConformanceNetworks {
    struct Case: Sendable {
        let name: String
        let graph: BoundGraph
    }

    /// Networks to be cut, in sizes that most numbers of nodes do not divide.
    static func all() throws -> [Case] {
        try texts.flatMap { name, text in
            let network = try NetworkLoader(operators: .builtin).load(text: text, file: "\(name).yaml")
            return try [(17, 23), (32, 32), (9, 8)].map { height, width in
                Case(
                    name: "\(name), \(height)x\(width)",
                    graph: try network.bound(inputs: ["x": [1, 3, height, width]]))
            }
        }
    }

    private static let texts = [
        ("chain with pools", chain), ("residuals", residuals), ("concatenations", concatenations),
        ("classifier", classifier),
    ]

    private static let header = """
        tessera: 1
        inputs: {x: {shape: [1, 3, height, width]}}
        weights: {random: 11}
        layers:

        """

    private static let chain =
        header + """
              - conv: {name: a, channels: 6, kernel: 3, padding: 1}
              - relu
              - max_pool: {name: p1, kernel: 2}
              - conv: {name: b, channels: 8, kernel: 5, padding: same}
              - max_pool: {name: p2, kernel: 3, stride: 2, padding: 1}
              - conv: {name: c, channels: 4, kernel: 3, stride: 2, padding: 1}
            outputs: [c]
            """

    private static let residuals =
        header + """
              - conv: {name: a, channels: 8, kernel: 3, padding: 1}
              - conv: {name: b, channels: 8, kernel: 3, padding: 1}
              - relu
              - conv: {name: c, channels: 8, kernel: 3, padding: 1}
              - add: {name: s1, from: [c, a]}
              - relu: {name: r1}
              - conv: {name: d, channels: 8, kernel: 3, padding: 2, dilation: 2, groups: 4}
              - add: {name: s2, from: [d, r1]}
            outputs: [s2]
            """

    private static let concatenations =
        header + """
              - conv: {name: a, channels: 4, kernel: 3, padding: 1}
              - conv: {name: b, from: a, channels: 3, kernel: 1}
              - conv: {name: c, from: a, channels: 5, kernel: 5, padding: 2}
              - max_pool: {name: p, from: a, kernel: 3, stride: 1, padding: 1}
              - concat: {name: j, from: [b, c, p]}
              - max_pool: {name: p1, kernel: 2, padding: 1}
              - conv: {name: d, channels: 6, kernel: 3, padding: 1}
            outputs: [d]
            """

    private static let classifier =
        header + """
              - conv: {name: a, channels: 8, kernel: 3, padding: 1}
              - relu
              - max_pool: {name: p1, kernel: 2}
              - conv: {name: b, channels: 8, kernel: 3, padding: 1}
              - global_average_pool
              - flatten
              - linear: {name: l, features: 5}
            outputs: [l]
            """
}
