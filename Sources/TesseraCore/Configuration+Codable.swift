extension Configuration: Codable {
    private struct Name: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// The key under which a number travels that JSON has no notation for, or none that tells it from an integer.
    private static let spelledNumber = Name(stringValue: "$number")

    /// Reads JSON of the same structure. Locations are not part of it.
    public init(from decoder: any Decoder) throws {
        if let map = try? decoder.container(keyedBy: Name.self) {
            if map.allKeys.count == 1, map.contains(Self.spelledNumber) {
                let text = try map.decode(String.self, forKey: Self.spelledNumber)
                guard let number = Double(text) else {
                    throw DecodingError.dataCorruptedError(
                        forKey: Self.spelledNumber, in: map, debugDescription: "expected a number, found '\(text)'")
                }
                self.init(.number(number))
                return
            }
            let keys = map.allKeys.sorted { $0.stringValue < $1.stringValue }
            self.init(.map(try keys.map { Entry($0.stringValue, try map.decode(Configuration.self, forKey: $0)) }))
        } else if let list = try? [Configuration](from: decoder) {
            self.init(.list(list))
        } else {
            let value = try decoder.singleValueContainer()
            if value.decodeNil() {
                self.init(.null)
            } else if let bool = try? value.decode(Bool.self) {
                self.init(.bool(bool))
            } else if let integer = try? value.decode(Int.self) {
                self.init(.integer(integer))
            } else if let number = try? value.decode(Double.self) {
                self.init(.number(number))
            } else {
                self.init(.string(try value.decode(String.self)))
            }
        }
    }

    public func encode(to encoder: any Encoder) throws {
        switch content {
        case .null:
            var container = encoder.singleValueContainer()
            try container.encodeNil()
        case .bool(let value): try value.encode(to: encoder)
        case .integer(let value): try value.encode(to: encoder)
        case .number(let value) where value.isFinite && value != value.rounded(): try value.encode(to: encoder)
        case .number(let value):
            var container = encoder.container(keyedBy: Name.self)
            try container.encode(String(value), forKey: Self.spelledNumber)
        case .string(let value): try value.encode(to: encoder)
        case .list(let elements): try elements.encode(to: encoder)
        case .map(let entries):
            var container = encoder.container(keyedBy: Name.self)
            for entry in entries { try container.encode(entry.value, forKey: Name(stringValue: entry.key)) }
        }
    }
}
