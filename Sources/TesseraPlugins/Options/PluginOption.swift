import CTesseraPlugin
import TesseraCore
import TesseraNetwork

/// An option that a library declares.
struct PluginOption: Sendable {
    enum OptionType: Int32, Sendable {
        case integer = 1
        case number = 2
        case boolean = 3
        case text = 4
        case integers = 5
        case numbers = 6
        case texts = 7
    }

    let name: String
    let type: OptionType
    let summary: String
    /// What it is if it is left out; nil if it must be given.
    let initial: Configuration?

    /// - Throws: `invalidArgument` for a declaration that cannot be.
    init(_ name: String, _ option: tessera_option) throws {
        guard let type = OptionType(rawValue: option.type) else {
            throw TesseraError(.invalidArgument, "expected a type from 1 to 7, found \(option.type)")
        }
        guard let summary = option.summary.flatMap({ String(validatingCString: $0) }) else {
            throw TesseraError(.invalidArgument, "expected a summary in UTF-8")
        }
        (self.name, self.type, self.summary) = (name, type, summary)
        guard let initial = option.initial else {
            self.initial = nil
            return
        }
        let text = String(cString: initial)
        self.initial = try type.checked(YAMLReader.parse(text, file: "the default of '\(name)'"))
    }
}

extension PluginOption.OptionType {
    /// A value of this type, in its usual form.
    ///
    /// - Throws: `invalidArgument` for one of another type.
    func checked(_ configuration: Configuration) throws -> Configuration {
        switch self {
        case .integer: try Int(configuration: configuration).configuration
        case .number: try Double(configuration: configuration).configuration
        case .boolean: try Bool(configuration: configuration).configuration
        case .text: try String(configuration: configuration).configuration
        case .integers: try [Int](configuration: configuration).configuration
        case .numbers: try [Double](configuration: configuration).configuration
        case .texts: try [String](configuration: configuration).configuration
        }
    }
}
