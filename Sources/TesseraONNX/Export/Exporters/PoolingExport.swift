import TesseraCore

/// Pooling.
enum PoolingExport {
    static let exporters: [String: LayerExporter] = [
        "max_pool": maxPool, "average_pool": averagePool,
        "global_average_pool": { $0.emit("GlobalAveragePool", [try $0.input()]) },
        "global_max_pool": { $0.emit("GlobalMaxPool", [try $0.input()]) },
    ]

    private static func maxPool(_ layer: LayerExport) throws {
        var window = try window(layer)
        var outputs = [layer.output()]
        if try layer.keys.flag("indices") {
            outputs.append(layer.output(1))
            window.attributes["storage_order"] = .flag(try layer.keys.flag("column_major"))
        }
        layer.emit("MaxPool", [window.input], outputs: outputs, window.attributes)
    }

    private static func averagePool(_ layer: LayerExport) throws {
        var window = try window(layer)
        window.attributes["count_include_pad"] = .flag(try layer.keys.flag("count_include_pad"))
        layer.emit("AveragePool", [window.input], window.attributes)
    }

    private static func window(_ layer: LayerExport) throws -> WindowAttributes {
        var window = try WindowAttributes(layer)
        if try layer.keys.flag("ceil_mode") { window.attributes["ceil_mode"] = 1 }
        return window
    }
}
