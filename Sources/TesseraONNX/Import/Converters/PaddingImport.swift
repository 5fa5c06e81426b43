import TesseraCore

/// Pad: attributes up to opset 10, inputs from 11, chosen axes from 18.
enum PaddingImport {
    static let converters: [String: NodeConverter] = ["Pad": pad]

    private static func pad(_ node: NodeImport) throws -> [Operand] {
        let x = try node.input(0)
        let mode = node.string("mode", default: "constant")
        guard ["constant", "reflect", "edge", "wrap"].contains(mode) else {
            throw node.unsupported("the mode '\(mode)'")
        }
        var keys = Keys()
        var amounts: Operand?
        var value: Operand?
        var axes: Operand?
        var known: [Int]?
        var number: Double?
        if node.opset < 11 {
            known = node.integers("pads")
            number = node.number("value")?.readable
        } else {
            let pads = try node.input(1)
            known = pads.integers
            amounts = known == nil ? pads : nil
            value = node.nonEmptyInput(2)
            number = value?.number.flatMap { $0.isFinite ? $0 : nil }
            if number != nil { value = nil }
            axes = node.optionalInput(3)
        }
        if let pads = known {
            guard pads.count % 2 == 0 else {
                throw TesseraError(.malformedFile, "expected an even number of pads, found \(pads.count)")
            }
            if axes == nil || axes?.integers?.count == pads.count / 2 {
                set(pads, axes: axes?.integers ?? Array(0..<pads.count / 2), in: &keys)
            } else if let listed = axes?.integers {
                throw TesseraError(
                    .malformedFile, "expected two pads for each of \(listed.count) axes, found \(pads.count)")
            } else {
                amounts = try node.input(1)
            }
            if axes?.integers != nil { axes = nil }
        } else if let listed = axes?.integers {
            keys.set("axes", .ints(listed))
            axes = nil
        }
        if let number, number != 0 { keys.set("value", .number(number)) }
        keys.set("mode", .name(mode), unless: .name("constant"))
        let slots: [NodeImport.Slot] = [
            .data("x", x), .data("amounts", amounts), .data("value", value), .data("axes", axes),
        ]
        return [try node.emit("pad", keys, slots: slots, facts: .type(x.facts.type, rank: x.rank))]
    }

    /// Names only the axes that are padded.
    private static func set(_ pads: [Int], axes: [Int], in keys: inout Keys) {
        let count = axes.count
        let padded = (0..<count).filter { pads[$0] != 0 || pads[$0 + count] != 0 }
        keys.set("axes", .ints(padded.map { axes[$0] }))
        keys.set("before", .ints(padded.map { pads[$0] }))
        keys.set("after", .ints(padded.map { pads[$0 + count] }))
    }
}
