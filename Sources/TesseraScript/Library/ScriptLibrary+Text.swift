import Foundation
import Tessera

/// Values as text and files: JSON, YAML, CSV, charts.
extension ScriptLibrary {
    static var text: [Binding] {
        [jsonEncode, jsonDecode, yamlDecode, load(.json), load(.yaml), loadCSV, saveJSON, saveCSV, makeFolder, plot]
    }

    private static var jsonEncode: Binding {
        Binding(
            "json.encode", "json.encode(value: any) -> string",
            "The value as JSON. An empty table is an empty list. There is no JSON for infinity and what is no number.",
            example: #"assert(tessera.json.encode{1, 2} == "[\n  1,\n  2\n]")"#
        ) { call in
            try call.expectArguments(atMost: 1)
            return [.string(try locatingErrors(within: call.name) { try PlainJSON.text(of: call[1]) })]
        }
    }

    private static var jsonDecode: Binding {
        Binding(
            "json.decode", "json.decode(text: string) -> any", "The value that is written in JSON; null is nil.",
            example: #"assert(tessera.json.decode('{"a": [1, 2]}').a[2] == 2)"#
        ) { call in
            try call.expectArguments(atMost: 1)
            return [try Format.json.value(call.string(1, "text"), file: "text", within: call.limits)]
        }
    }

    private static var yamlDecode: Binding {
        Binding(
            "yaml.decode", "yaml.decode(text: string) -> any", "The value that is written in YAML.",
            example: #"assert(tessera.yaml.decode("a: [1, 2]").a[2] == 2)"#
        ) { call in
            try call.expectArguments(atMost: 1)
            return [try Format.yaml.value(call.string(1, "text"), file: "text", within: call.limits)]
        }
    }

    private enum Format: String {
        case json, yaml

        func value(_ text: String, file: String, within limits: ScriptLimits) throws -> ScriptValue {
            switch self {
            case .yaml: ScriptValue(try YAMLReader.parse(text, file: file))
            case .json: try LimitedJSON.value(text, file: file, within: limits)
            }
        }
    }

    private static func load(_ format: Format) -> Binding {
        let name = format.rawValue
        return Binding("\(name).load", "\(name).load(path: string) -> any", "The value in a \(name.uppercased()) file.")
        { call in
            try call.expectArguments(atMost: 1)
            let path = try call.string(1, "path")
            return [
                try locatingErrors(path: call.name) {
                    try format.value(readText(path, call), file: path, within: call.limits)
                }
            ]
        }
    }

    private static var saveJSON: Binding {
        Binding("json.save", "json.save(value: any, path: string)", "Writes the value into a JSON file.") { call in
            try call.expectArguments(atMost: 2)
            let path = try call.string(2, "path")
            try locatingErrors(within: call.name) {
                try writeFile(PlainJSON.text(of: call[1]) + "\n", to: path)
            }
            return []
        }
    }

    private static var saveCSV: Binding {
        Binding(
            "csv.save", "csv.save(rows: (string|number|boolean)[][], path: string)",
            "Writes rows as comma-separated values (RFC 4180). Text that looks like a number is quoted."
        ) { call in
            try call.expectArguments(atMost: 2)
            let rows = try locatingErrors(within: "\(call.name): argument 1 (rows)") {
                try call[1].requireArray { try $0.requireArray(of: CommaSeparatedValues.field) }
            }
            let path = try call.string(2, "path")
            let text = rows.map { $0.joined(separator: ",") + "\r\n" }.joined()
            try locatingErrors(path: call.name) { try writeFile(text, to: path) }
            return []
        }
    }

    private static var makeFolder: Binding {
        Binding(
            "mkdir", "mkdir(path: string) -> string",
            "Makes a folder, with those that it is in, where there is none. Gives its path."
        ) { call in
            try call.expectArguments(atMost: 1)
            let path = try call.string(1, "path")
            try locatingErrors(path: call.name) { try FileManager.default.makeFolder(path) }
            return [.string(path)]
        }
    }

    private static var loadCSV: Binding {
        Binding(
            "csv.load", "csv.load(path: string) -> (string|number)[][]",
            "The rows of a file of comma-separated values. What is written as a number in decimals, such as 12, -0.5 or 1e-3, becomes one, unless "
                + "it is quoted."
        ) { call in
            try call.expectArguments(atMost: 1)
            let path = try call.string(1, "path")
            let rows = try locatingErrors(path: call.name) {
                let text = try readText(path, call)
                let count = CommaSeparatedValues.fieldCount(of: text)
                try call.limits.check(
                    bytes: Shape.saturatingProduct(count, CommaSeparatedValues.bytesOfField),
                    for: "the \(count) fields of '\(path)'")
                return try CommaSeparatedValues(text, file: path).rows
            }
            return [.table(ScriptTable(array: rows.map { .table(ScriptTable(array: $0)) }))]
        }
    }

    /// A file's text, if the script may hold it.
    private static func readText(_ path: String, _ call: ScriptCall) throws -> String {
        let file = try MappedFile(path: path)
        try call.limits.check(bytes: file.bytes.count, for: "'\(path)'")
        guard let text = file.text(0..<file.bytes.count) else {
            throw TesseraError(.malformedFile, "'\(path)': expected text in UTF-8")
        }
        return text
    }

    private static var plot: Binding {
        Binding(
            "plot",
            "plot{path: string, title?: string, x?: string, curves: table<string, number[][]>}",
            "Draws curves, lists of points {x, y} by name, into an .svg file. `x` says what the horizontal axis is."
        ) { call in
            try call.expectArguments(atMost: 1)
            var options = try call.options()
            let path = try options.require("path", "the .svg file") { value in
                let path = try value.requireString()
                guard path.lowercased().hasSuffix(".svg") else {
                    throw TesseraError(.invalidArgument, "expected a path that ends in .svg, got '\(path)'")
                }
                return path
            }
            let (title, axis) = (try options.string("title") ?? "", try options.string("x") ?? "")
            let curves = try options.require("curves", "lists of points by name") { value in
                try value.requireNamed().sorted { $0.key < $1.key }.map { name, points in
                    CurveChart.Curve(
                        name: name, points: try locatingErrors(at: name) { try points.requireArray(of: point) })
                }
            }
            try options.finish()
            try locatingErrors(path: call.name) {
                // Beyond, what lies between two numbers is none.
                let limit = 1e300
                guard curves.allSatisfy({ $0.points.allSatisfy { abs($0.0) <= limit && abs($0.1) <= limit } }) else {
                    throw TesseraError(.invalidArgument, "expected points from -1e300 to 1e300, got one beyond")
                }
                try writeFile(
                    CurveChart.svg(title: title, [CurveChart(title: "", axis: axis, curves: curves)]), to: path)
            }
            return []
        }
    }

    private static func point(_ value: ScriptValue) throws -> (Double, Double) {
        let numbers = try value.requireArray { try $0.requireNumber() }
        guard numbers.count == 2, numbers.allSatisfy(\.isFinite) else {
            throw TesseraError(.invalidArgument, "expected a point {x, y} of finite numbers, got \(value)")
        }
        return (numbers[0], numbers[1])
    }
}
