import CTesseraPlugin
import TesseraCore

/// What is configured by the options that a library declares.
protocol PluginConfigured: Configurable {
    associatedtype Slot: PluginSlot
    var options: PluginOptionValues { get set }
}

extension PluginConfigured {
    static var library: PluginLibrary { Slot.library }

    /// Every option at its default.
    static var initialOptions: PluginOptionValues {
        let declared = library.options
        let pairs = declared.compactMap { option in option.initial.map { (option.name, $0) } }
        return PluginOptionValues(Dictionary(uniqueKeysWithValues: pairs), declared: declared)
    }

    static var keys: [Key<Self>] { library.options.map(key) }

    private static func key(_ option: PluginOption) -> Key<Self> {
        let (name, summary, isRequired) = (option.name, option.summary, option.initial == nil)
        func key<Value: ConfigurationValue & Equatable>(_ path: WritableKeyPath<Self, Value> & Sendable) -> Key<Self> {
            isRequired ? Key(required: name, path, summary) : Key(name, path, summary)
        }
        return switch option.type {
        case .integer: key(\Self[integer: name])
        case .number: key(\Self[number: name])
        case .boolean: key(\Self[boolean: name])
        case .text: key(\Self[text: name])
        case .integers: key(\Self[integers: name])
        case .numbers: key(\Self[numbers: name])
        case .texts: key(\Self[texts: name])
        }
    }

    subscript(integer name: String) -> Int {
        get { value(name) ?? 0 }
        set { set(name, newValue) }
    }
    subscript(number name: String) -> Double {
        get { value(name) ?? 0 }
        set { set(name, newValue) }
    }
    subscript(boolean name: String) -> Bool {
        get { value(name) ?? false }
        set { set(name, newValue) }
    }
    subscript(text name: String) -> String {
        get { value(name) ?? "" }
        set { set(name, newValue) }
    }
    subscript(integers name: String) -> [Int] {
        get { value(name) ?? [] }
        set { set(name, newValue) }
    }
    subscript(numbers name: String) -> [Double] {
        get { value(name) ?? [] }
        set { set(name, newValue) }
    }
    subscript(texts name: String) -> [String] {
        get { value(name) ?? [] }
        set { set(name, newValue) }
    }

    private func value<Value: ConfigurationValue>(_ name: String) -> Value? {
        guard let value = options.values[name] else { return nil }
        return try? Value(configuration: value)
    }

    private mutating func set(_ name: String, _ value: some ConfigurationValue) {
        var values = options.values
        values[name] = value.configuration
        options = PluginOptionValues(values, declared: Self.library.options)
    }
}

/// The options of a module whose work is done by something else.
struct PluginOptions<Slot: PluginSlot>: PluginConfigured {
    var options = Self.initialOptions

    init() {}

    func validate() throws { try Slot.library.checkOptions(options) }
}

extension PluginLibrary {
    /// Has the library check what the type of an option cannot say.
    func checkOptions(_ options: PluginOptionValues) throws {
        let check =
            switch kind {
            case .strategy: functions(tessera_strategy.self).check_options
            case .metric: functions(tessera_metric.self).check_options
            case .transport: functions(tessera_transport.self).check_options
            case .codec: functions(tessera_codec.self).check_options
            case .operator: functions(tessera_operator.self).check_options
            }
        guard let check else { return }
        try call("check_options") { check(options.handle, $0) }
    }

    /// The module of this library, whose product is made of its options.
    func module<Product: Sendable>(
        _ product: @escaping @Sendable (PluginOptionValues) throws -> Product
    ) -> Module<Product> {
        func module<Slot: PluginSlot>(_ slot: Slot.Type) -> Module<Product> {
            Module(
                name: name, summary: summary, source: path, keys: PluginOptions<Slot>.keys.map(\.description),
                type: PluginOptions<Slot>.self
            ) { try product(PluginOptions<Slot>(configuration: $0).options) }
        }
        return module(PluginSlots.slot(of: self))
    }
}
