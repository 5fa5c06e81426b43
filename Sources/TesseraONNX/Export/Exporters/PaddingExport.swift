import TesseraCore

/// Padding.
enum PaddingExport {
    static let exporters: [String: LayerExporter] = ["pad": pad]

    private static func pad(_ layer: LayerExport) throws {
        var amounts = layer.integerInput("amounts")
        if amounts == nil {
            let before = try layer.keys.optionalInts("before") ?? []
            let after = try layer.keys.optionalInts("after") ?? []
            let count = max(before.count, after.count)
            func filled(_ values: [Int]) -> [Int] { values.isEmpty ? [Int](repeating: 0, count: count) : values }
            amounts = try layer.integers("pads", filled(before) + filled(after))
        }
        var value = layer.optionalInput("value")
        if value == nil, let number = try layer.keys.optionalNumber("value"), number != 0 {
            value = try layer.scalar("value", number, layer.type())
        }
        layer.emit(
            "Pad", [try layer.input(), amounts, value, try layer.integers(role: "axes")],
            ["mode": .string(try layer.keys.text("mode"))])
    }
}
