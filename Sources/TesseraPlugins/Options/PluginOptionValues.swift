import TesseraCore

/// The options of a module as a library reads them.
///
/// `@unchecked Sendable`: nothing changes after the initializer, so any thread may read what the pointers lead to.
final class PluginOptionValues: @unchecked Sendable {
    private struct List {
        let elements: UnsafeRawPointer
        let count: Int
    }

    /// By name, in the form that their types have.
    let values: [String: Configuration]
    private let types: [String: PluginOption.OptionType]
    private let memory = PluginMemory()
    private var texts: [String: UnsafePointer<CChar>] = [:]
    private var integerLists: [String: List] = [:]
    private var numberLists: [String: List] = [:]
    private var textLists: [String: List] = [:]

    init(_ values: [String: Configuration], declared: [PluginOption]) {
        self.values = values
        types = Dictionary(declared.map { ($0.name, $0.type) }) { first, _ in first }
        for option in declared {
            guard let value = values[option.name] else { continue }
            switch option.type {
            case .text: texts[option.name] = (try? String(configuration: value)).map(memory.text)
            case .integers:
                let elements = (try? [Int](configuration: value)) ?? []
                integerLists[option.name] = list(elements.map(Int64.init), of: option)
            case .numbers:
                numberLists[option.name] = list((try? [Double](configuration: value)) ?? [], of: option)
            case .texts:
                let elements = (try? [String](configuration: value)) ?? []
                textLists[option.name] = list(elements.map { Optional(memory.text($0)) }, of: option)
            case .integer, .number, .boolean: break
            }
        }
    }

    private func list<Element>(_ elements: [Element], of option: PluginOption) -> List {
        let memory = memory.array(elements, named: "the option '\(option.name)'")
        return List(elements: UnsafeRawPointer(memory), count: elements.count)
    }

    /// What a library calls them by, as long as this object lives.
    var handle: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    static func at(_ handle: OpaquePointer?) -> PluginOptionValues? {
        guard let handle else { return nil }
        return Unmanaged<PluginOptionValues>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
    }

    func integer(_ name: String) -> Int64 { value(name, .integer, Int.self).map(Int64.init) ?? 0 }
    func number(_ name: String) -> Double { value(name, .number, Double.self) ?? 0 }
    func boolean(_ name: String) -> Bool { value(name, .boolean, Bool.self) ?? false }

    func text(_ name: String) -> UnsafePointer<CChar>? {
        noteRead(name, .text)
        return texts[name]
    }

    func integers(_ name: String) -> (UnsafePointer<Int64>?, Int) { elements(name, .integers, integerLists) }
    func numbers(_ name: String) -> (UnsafePointer<Double>?, Int) { elements(name, .numbers, numberLists) }
    func texts(_ name: String) -> (UnsafePointer<UnsafePointer<CChar>?>?, Int) { elements(name, .texts, textLists) }

    private func value<Value: ConfigurationValue>(
        _ name: String, _ type: PluginOption.OptionType, _: Value.Type
    ) -> Value? {
        noteRead(name, type)
        guard let value = values[name] else { return nil }
        return try? Value(configuration: value)
    }

    private func elements<Element>(
        _ name: String, _ type: PluginOption.OptionType, _ lists: [String: List]
    ) -> (UnsafePointer<Element>?, Int) {
        noteRead(name, type)
        guard let list = lists[name] else { return (nil, 0) }
        return (list.elements.assumingMemoryBound(to: Element.self), list.count)
    }

    /// An option that is not declared, or is of another type, reads as nothing, which a check tells of.
    private func noteRead(_ name: String, _ type: PluginOption.OptionType) {
        guard types[name] != type else { return }
        let declared = types[name].map { "declares as one of type \($0)" } ?? "does not declare"
        PluginGuard.note("it read '\(name)' as an option of type \(type), which it \(declared)")
    }
}
