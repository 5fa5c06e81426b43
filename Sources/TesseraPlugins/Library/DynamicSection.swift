import Foundation
import TesseraCore

/// What the dynamic linker reads of a library before any of its code runs: a list of tags with numbers, most of them addresses, which it
/// follows without a look.
struct DynamicSection {
    /// A part of the file that is mapped.
    struct Segment {
        let fileOffset: UInt64
        let address: UInt64
        let fileSize: UInt64
        let memorySize: UInt64
    }

    /// `PT_DYNAMIC`: where the section is.
    static let segmentType: UInt64 = 2
    private static let entrySize: UInt64 = 16

    /// Tags of addresses, each with the tag of the size of what is there, if it has one.
    private static let addresses: [(tag: UInt64, size: UInt64?, name: String)] = [
        (3, nil, "PLTGOT"), (4, nil, "HASH"), (5, 10, "STRTAB"), (6, nil, "SYMTAB"), (7, 8, "RELA"), (12, nil, "INIT"),
        (13, nil, "FINI"), (17, 18, "REL"), (23, 2, "JMPREL"), (25, 27, "INIT_ARRAY"), (26, 28, "FINI_ARRAY"),
        (0x6FFF_FEF5, nil, "GNU_HASH"), (0x6FFF_FFF0, nil, "VERSYM"), (0x6FFF_FFFC, nil, "VERDEF"),
        (0x6FFF_FFFE, nil, "VERNEED"),
    ]
    /// Tags of places in the table of texts, whose size has the tag 10.
    private static let texts: [(tag: UInt64, name: String)] = [
        (1, "NEEDED"), (14, "SONAME"), (15, "RPATH"), (29, "RUNPATH"),
    ]

    let segments: [Segment]
    /// A little-endian number of eight bytes in the file.
    let number: (UInt64) -> UInt64

    /// - Returns: where the table of texts is in the file; nil if it has none there.
    /// - Throws: `malformedFile` if the linker would follow an address out of what it maps.
    func check(at address: UInt64, size: UInt64) throws -> Range<Int>? {
        let segment = segments.first { contains(address, size, in: $0.address, $0.fileSize) }
        guard let segment, size >= Self.entrySize else {
            throw broken("its dynamic section at 0x\(String(address, radix: 16)), which is not in the file")
        }
        var values: [UInt64: UInt64] = [:]
        var texts: [(name: String, value: UInt64)] = []
        let start = segment.fileOffset + (address - segment.address)
        var isEnded = false
        for offset in stride(from: start, through: start + size - Self.entrySize, by: Int(Self.entrySize)) {
            let (tag, value) = (number(offset), number(offset + 8))
            if tag == 0 {
                isEnded = true
                break
            }
            values[tag] = value
            if let text = Self.texts.first(where: { $0.tag == tag }) { texts.append((text.name, value)) }
        }
        guard isEnded else { throw broken("a dynamic section without an end") }
        for (tag, sizeTag, name) in Self.addresses {
            guard let address = values[tag] else { continue }
            let size = max(1, sizeTag.flatMap { values[$0] } ?? 1)
            guard segments.contains(where: { contains(address, size, in: $0.address, $0.memorySize) }) else {
                throw broken("\(name) at 0x\(String(address, radix: 16)), which is not in the library")
            }
        }
        for (name, place) in texts where place >= values[10] ?? 0 {
            throw broken("\(name) at \(place), which is not among its texts")
        }
        guard let start = values[5], let size = values[10],
            let segment = segments.first(where: { contains(start, size, in: $0.address, $0.fileSize) })
        else { return nil }
        let offset = Int(segment.fileOffset + (start - segment.address))
        return offset..<offset + Int(size)
    }

    private func contains(_ address: UInt64, _ size: UInt64, in start: UInt64, _ length: UInt64) -> Bool {
        address >= start && size <= length && address - start <= length - size
    }

    private func broken(_ what: String) -> TesseraError {
        TesseraError(.malformedFile, "expected a library that the dynamic linker can follow, found \(what)")
    }
}
