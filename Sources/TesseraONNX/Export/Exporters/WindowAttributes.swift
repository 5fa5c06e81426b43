import TesseraCore

/// The attributes that convolutions and pooling share.
struct WindowAttributes {
    var attributes: [String: ExportAttribute]
    /// What the window slides over: the layer's input, less what negative padding cuts off.
    let input: String

    /// - Parameter canCrop: whether negative padding is cut off beforehand.
    init(_ layer: LayerExport, canCrop: Bool = true) throws {
        let rank = try layer.rank() - 2
        let kernel = try layer.keys.perAxis("kernel", rank: rank) ?? []
        attributes = ["kernel_shape": .ints(kernel)]
        // Pooling without a stride moves by the kernel's size.
        let strides = try layer.keys.perAxis("stride", rank: rank) ?? kernel
        attributes["strides"] = .ints(strides)
        let dilations = try layer.keys.has("dilation") ? layer.keys.perAxis("dilation", rank: rank) ?? [] : []
        let isDilated = dilations.contains { $0 != 1 }
        if isDilated { attributes["dilations"] = .ints(dilations) }
        if let name = try? layer.keys.text("padding"), Int(name) == nil {
            input = try layer.input()
            if canCrop, isDilated, strides.allSatisfy({ $0 == 1 }) {
                // ONNX Runtime has no automatic padding of dilated windows. Without strides it does not depend on sizes.
                let totals = zip(kernel, dilations).map { ($0 - 1) * $1 }
                let (smaller, larger) = (totals.map { $0 / 2 }, totals.map { $0 - $0 / 2 })
                attributes["pads"] = .ints(name == "same" ? smaller + larger : larger + smaller)
            } else {
                attributes["auto_pad"] = .string(name == "same" ? "SAME_UPPER" : "SAME_LOWER")
            }
            return
        }
        let pads = try Self.pads(layer.keys.optionalInts("padding") ?? [0], rank: rank)
        attributes["pads"] = .ints(canCrop ? pads.map { max($0, 0) } : pads)
        let crop = pads.map { min($0, 0) }
        guard canCrop, crop.contains(where: { $0 < 0 }) else {
            input = try layer.input()
            return
        }
        let amounts = [0, 0] + crop[..<rank] + [0, 0] + crop[rank...]
        input = layer.step("crop", "Pad", [try layer.input(), try layer.integers("crop", amounts)])
    }

    /// All befores, then all afters.
    private static func pads(_ values: [Int], rank: Int) -> [Int] {
        switch values.count {
        case 1: [Int](repeating: values[0], count: 2 * rank)
        case rank: values + values
        default: values
        }
    }
}
