import TesseraCore

/// Resize, and Upsample, which it took the place of.
enum ResizeImport {
    static let converters: [String: NodeConverter] = ["Resize": resize, "Upsample": upsample]

    /// The scales are an attribute up to opset 8 and an input from 9.
    private static func upsample(_ node: NodeImport) throws -> [Operand] {
        let scales: Operand
        if node.opset < 9 {
            guard let values = node.numbers("scales") else {
                throw TesseraError(.malformedFile, "the attribute 'scales' is missing")
            }
            scales = try node.constant(values.map(\.readable), shape: [values.count], type: .f32)
        } else {
            scales = try node.input(1)
        }
        return try simple(node, scales: scales)
    }

    private static func resize(_ node: NodeImport) throws -> [Operand] {
        if node.opset < 11 { return try simple(node, scales: node.input(1)) }
        let x = try node.input(0)
        // The region only matters to one kind of coordinates.
        node.ignoreInputs(1)
        var keys = Keys()
        let coordinates = node.string("coordinate_transformation_mode", default: "half_pixel")
        let mode = node.string("mode", default: "nearest")
        guard ["nearest", "linear", "cubic"].contains(mode) else { throw node.unsupported("the mode '\(mode)'") }
        keys.set("mode", .name(mode), unless: .name("nearest"))
        keys.set("coordinates", .name(coordinates), unless: .name("half_pixel"))
        let rounding = node.string("nearest_mode", default: "round_prefer_floor")
        if mode == "nearest" { keys.set("rounding", .name(rounding), unless: .name("round_prefer_floor")) }
        let coefficient = node.number("cubic_coeff_a", default: -0.75)
        if mode == "cubic" { keys.set("cubic_coefficient", .number(coefficient), unless: .number(-0.75)) }
        keys.set("exclude_outside", .flag(node.flag("exclude_outside")), unless: .flag(false))
        keys.set("extrapolation", .number(node.number("extrapolation_value", default: 0)), unless: .int(0))
        keys.set("antialias", .flag(node.flag("antialias")), unless: .flag(false))
        keys.set("aspect", .name(node.string("keep_aspect_ratio_policy", default: "stretch")), unless: .name("stretch"))
        let axes = node.integers("axes")
        var slots = [NodeImport.Slot.data("x", x)]
        var region = coordinates == "tf_crop_and_resize" ? node.nonEmptyInput(1) : nil
        if let values = region?.numbers {
            keys.set("region", .numbers(values))
            region = nil
        }
        slots.append(.data("region", region))
        let isCropped = coordinates == "tf_crop_and_resize"
        slots.append(.data("scales", set(node.nonEmptyInput(2), axes: axes, isCropped: isCropped, in: &keys)))
        var sizes = node.nonEmptyInput(3)
        if let values = sizes?.integers {
            keys.set("sizes", .ints(values))
            keys.set("axes", axes.map(Configuration.ints))
            sizes = nil
        } else if sizes != nil {
            keys.set("axes", axes.map(Configuration.ints))
        }
        slots.append(.data("sizes", sizes))
        return [try node.emit("resize", keys, slots: slots, facts: .type(x.facts.type, rank: x.rank))]
    }

    /// Before opset 11 there was one way to compute coordinates, and nearest meant the one before.
    private static func simple(_ node: NodeImport, scales: Operand) throws -> [Operand] {
        let x = try node.input(0)
        let mode = node.string("mode", default: "nearest")
        guard ["nearest", "linear", "bilinear"].contains(mode) else { throw node.unsupported("the mode '\(mode)'") }
        var keys = Keys()
        keys.set("mode", .name(mode == "nearest" ? mode : "linear"), unless: .name("nearest"))
        keys.set("coordinates", .name("asymmetric"))
        if mode == "nearest" { keys.set("rounding", .name("floor")) }
        let input = set(scales, axes: nil, isCropped: false, in: &keys)
        return [
            try node.emit(
                "resize", keys, slots: [.data("x", x), .data("region", nil), .data("scales", input)],
                facts: .type(x.facts.type, rank: x.rank))
        ]
    }

    /// Puts known scales into keys, for those axes alone whose size changes; gives back scales that are not known.
    private static func set(_ scales: Operand?, axes: [Int]?, isCropped: Bool, in keys: inout Keys) -> Operand? {
        guard let scales else { return nil }
        guard let values = scales.numbers, axes.map({ $0.count == values.count }) ?? true else {
            keys.set("axes", axes.map(Configuration.ints))
            return scales
        }
        let axes = axes ?? Array(values.indices)
        let changing = isCropped ? Array(values.indices) : values.indices.filter { values[$0] != 1 }
        let kept = changing.isEmpty ? Array(values.indices) : changing
        keys.set("axes", .ints(kept.map { axes[$0] }))
        keys.set("scales", .numbers(kept.map { values[$0] }))
        return nil
    }
}
