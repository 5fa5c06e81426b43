import TesseraCore

/// The keys that convolutions and pooling share.
enum WindowKeys {
    /// Stride and padding.
    ///
    /// - Parameters:
    ///   - usualStride: the stride that need not be written.
    ///   - hasOutputSize: true for a transposed convolution whose output size is given: what is cut off follows from that.
    static func set(
        in keys: inout Keys, node: NodeImport, usualStride: Configuration = .int(1), rank: Int? = nil,
        hasOutputSize: Bool = false
    ) throws {
        let strides = node.integers("strides").map(Configuration.perAxis) ?? .int(1)
        keys.set("stride", strides, unless: usualStride)
        let automatic = node.string("auto_pad", default: "NOTSET")
        let pads = node.integers("pads") ?? []
        switch automatic {
        case "SAME_UPPER": keys.set("padding", .name("same"))
        case "SAME_LOWER": keys.set("padding", .name("same_lower"))
        case "NOTSET" where hasOutputSize: keys.set("padding", .name("same_lower"))
        case "NOTSET", "": keys.set("padding", padding(pads), unless: .int(0))
        case "VALID": break
        default: throw node.unsupported("auto_pad '\(automatic)'")
        }
    }

    static func setDilation(in keys: inout Keys, node: NodeImport) {
        let dilation = node.integers("dilations").map(Configuration.perAxis) ?? .int(1)
        keys.set("dilation", dilation, unless: .int(1))
    }

    /// One value, one for each axis, or all.
    private static func padding(_ pads: [Int]) -> Configuration {
        let half = pads.count / 2
        guard !pads.isEmpty, let first = pads.first else { return .int(0) }
        if pads.allSatisfy({ $0 == first }) { return .int(first) }
        if pads.count % 2 == 0, pads[..<half] == pads[half...].map({ $0 })[...] { return .ints(Array(pads[..<half])) }
        return .ints(pads)
    }
}
