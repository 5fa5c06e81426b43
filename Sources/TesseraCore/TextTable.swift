/// Rows of text in columns as wide as their widest cell; the first column is flush left, the others right.
public struct TextTable: Sendable, CustomStringConvertible {
    private var rows: [[String]]

    public init(header: [String]) { rows = [header] }

    public mutating func add(_ row: [String]) { rows.append(row) }

    public var lines: [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            row.enumerated().map { column, cell in
                let filling = String(repeating: " ", count: widths[column] - cell.count)
                return column == 0 ? cell + filling : filling + cell
            }
            .joined(separator: "  ")
        }
    }

    public var description: String { lines.joined(separator: "\n") }
}

/// A number of bytes in the unit that suits it: `512 B`, `1.2 MiB`.
public struct ByteCount: Sendable, CustomStringConvertible {
    public let bytes: Int

    public init(_ bytes: Int) { self.bytes = bytes }

    public var description: String {
        var (value, unit) = (Double(bytes), "B")
        for larger in ["KiB", "MiB", "GiB"] where value >= (unit == "B" ? 1024 : 1023.95) {
            value /= 1024
            unit = larger
        }
        guard unit != "B" else { return "\(bytes) B" }
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(unit)"
    }
}
