import Foundation

/// The seeds of a property test: each case has one of its own, which a failure names.
///
/// `TESSERA_SEED=n TESSERA_CASES=1` repeats the case that named `n`.
public func propertySeeds(_ cases: Int) -> Range<UInt64> {
    let environment = ProcessInfo.processInfo.environment
    let first = environment["TESSERA_SEED"].flatMap(UInt64.init) ?? 20_261_121
    let count = environment["TESSERA_CASES"].flatMap(Int.init) ?? cases
    return first..<first &+ UInt64(max(0, count))
}
