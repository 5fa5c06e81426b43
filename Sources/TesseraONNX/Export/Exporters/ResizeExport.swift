import TesseraCore

/// Resizing.
enum ResizeExport {
    static let exporters: [String: LayerExporter] = ["resize": resize]

    private static func resize(_ layer: LayerExport) throws {
        let keys = layer.keys
        var attributes: [String: ExportAttribute] = [
            "mode": .string(try keys.text("mode")),
            "coordinate_transformation_mode": .string(try keys.text("coordinates")),
            "nearest_mode": .string(try keys.text("rounding")),
            "cubic_coeff_a": .float(try keys.number("cubic_coefficient")),
            "exclude_outside": .flag(try keys.flag("exclude_outside")),
            "extrapolation_value": .float(try keys.number("extrapolation")),
            "antialias": .flag(try keys.flag("antialias")),
        ]
        if try keys.text("aspect") != "stretch" {
            attributes["keep_aspect_ratio_policy"] = .string(try keys.text("aspect"))
        }
        if let axes = try keys.optionalInts("axes") { attributes["axes"] = .ints(axes) }
        func floats(_ role: String) throws -> String? {
            if let input = layer.optionalInput(role) { return input }
            return try keys.optionalNumbers(role).map { values in
                layer.constant(role, try Tensor(values.map(Float.init), shape: [values.count]))
            }
        }
        layer.emit(
            "Resize",
            [try layer.input(), try floats("region"), try floats("scales"), try layer.integers(role: "sizes")],
            attributes)
    }
}
