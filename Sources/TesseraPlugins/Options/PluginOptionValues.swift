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
    private let memory = PluginMemory()
    private var texts: [String: UnsafePointer<CChar>] = [:]
    private var integerLists: [String: List] = [:]
    private var numberLists: [String: List] = [:]
    private var textLists: [String: List] = [:]

    init(_ values: [String: Configuration], declared: [PluginOption]) {
        self.values = values
        for option in declared {
            guard let value = values[option.name] else { continue }
            switch option.type {
            case .text: texts[option.name] = (try? String(configuration: value)).map(memory.text)
            case .integers: integerLists[option.name] = list((try? [Int](configuration: value))?.map(Int64.init) ?? [])
            case .numbers: numberLists[option.name] = list((try? [Double](configuration: value)) ?? [])
            case .texts:
                let elements = (try? [String](configuration: value)) ?? []
                textLists[option.name] = list(elements.map { Optional(memory.text($0)) })
            case .integer, .number, .boolean: break
            }
        }
    }

    private func list<Element>(_ elements: [Element]) -> List {
        List(elements: UnsafeRawPointer(memory.array(elements)), count: elements.count)
    }

    /// What a library calls them by, as long as this object lives.
    var handle: OpaquePointer { OpaquePointer(Unmanaged.passUnretained(self).toOpaque()) }

    static func at(_ handle: OpaquePointer?) -> PluginOptionValues? {
        guard let handle else { return nil }
        return Unmanaged<PluginOptionValues>.fromOpaque(UnsafeRawPointer(handle)).takeUnretainedValue()
    }

    func integer(_ name: String) -> Int64 { value(name, Int.self).map(Int64.init) ?? 0 }
    func number(_ name: String) -> Double { value(name, Double.self) ?? 0 }
    func boolean(_ name: String) -> Bool { value(name, Bool.self) ?? false }
    func text(_ name: String) -> UnsafePointer<CChar>? { texts[name] }

    private func value<Value: ConfigurationValue>(_ name: String, _ type: Value.Type) -> Value? {
        guard let value = values[name] else { return nil }
        return try? Value(configuration: value)
    }

    func integers(_ name: String) -> (UnsafePointer<Int64>?, Int) { elements(integerLists[name]) }
    func numbers(_ name: String) -> (UnsafePointer<Double>?, Int) { elements(numberLists[name]) }
    func texts(_ name: String) -> (UnsafePointer<UnsafePointer<CChar>?>?, Int) { elements(textLists[name]) }

    private func elements<Element>(_ list: List?) -> (UnsafePointer<Element>?, Int) {
        guard let list else { return (nil, 0) }
        return (list.elements.assumingMemoryBound(to: Element.self), list.count)
    }
}
