import Synchronization

/// The number of a library as a type.
///
/// Operators are told apart by their types, so each library that brings one needs a type of its own, made when it is loaded:
/// that number's digits, one generic type a bit.
public protocol PluginSlot: Sendable {
    static var number: Int { get }
}

enum FirstSlot: PluginSlot {
    static var number: Int { 0 }
}

enum EvenSlot<Half: PluginSlot>: PluginSlot {
    static var number: Int { 2 * Half.number }
}

enum OddSlot<Half: PluginSlot>: PluginSlot {
    static var number: Int { 2 * Half.number + 1 }
}

/// The libraries that have a number, in its order.
enum PluginSlots {
    private static let libraries = Mutex<[PluginLibrary]>([])

    /// The type of the number that a library has, or gets.
    static func slot(of library: PluginLibrary) -> any PluginSlot.Type {
        let number = libraries.withLock { libraries in
            if let index = libraries.firstIndex(where: { $0 === library }) { return index }
            libraries.append(library)
            return libraries.count - 1
        }
        return slot(number)
    }

    /// The library of a slot that was given out.
    static func library(_ number: Int) -> PluginLibrary { libraries.withLock { $0[number] } }

    private static func slot(_ number: Int) -> any PluginSlot.Type {
        number == 0 ? FirstSlot.self : appending(number % 2, to: slot(number / 2))
    }

    private static func appending<Half: PluginSlot>(_ bit: Int, to half: Half.Type) -> any PluginSlot.Type {
        bit == 1 ? OddSlot<Half>.self : EvenSlot<Half>.self
    }
}

extension PluginSlot {
    static var library: PluginLibrary { PluginSlots.library(number) }
}
