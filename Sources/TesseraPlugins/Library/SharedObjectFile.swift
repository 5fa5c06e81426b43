import Foundation
import TesseraCore

/// Looks at a file before the dynamic linker does, which crashes on a library that was cut short or altered.
///
/// What the linker follows first is looked at: the ELF header, the program headers and the dynamic section. A library among whose names
/// that of the function is not is refused before its constructors run.
struct SharedObjectFile {
    private static let headerSize = 64
    private static let programHeaderSize = 56
    /// `PT_LOAD`: a part of the file that is mapped.
    private static let loadedSegment: UInt32 = 1

    /// - Throws: `notFound` if there is no such file, `malformedFile` if it is not a whole library for this processor.
    static func check(_ path: String) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw TesseraError(.notFound, "there is no such file")
        }
        guard !isFolder.boolValue else { throw TesseraError(.malformedFile, "expected a file, found a folder") }
        guard let bytes = FileManager.default.contents(atPath: path) else {
            throw TesseraError(.inputOutput, "the file cannot be read")
        }
        guard bytes.starts(with: [0x7F, UInt8(ascii: "E"), UInt8(ascii: "L"), UInt8(ascii: "F")]) else {
            throw TesseraError(.malformedFile, "expected a shared library (ELF), found another kind of file")
        }
        guard bytes.count >= headerSize else { throw truncated(at: headerSize, found: bytes.count) }
        // Class 2 has 64 bits, and encoding 1 is little endian.
        guard bytes[bytes.startIndex + 4] == 2, bytes[bytes.startIndex + 5] == 1 else {
            throw TesseraError(.malformedFile, "expected a library of 64 bits, little endian")
        }
        try checkMachine(UInt16(truncatingIfNeeded: number(bytes, at: 18, bytes: 2)))
        let (start, count) = (number(bytes, at: 32, bytes: 8), number(bytes, at: 56, bytes: 2))
        var segments: [DynamicSection.Segment] = []
        var dynamic: [(address: UInt64, size: UInt64)] = []
        for index in 0..<count {
            let (header, overflow) = start.addingReportingOverflow(index * UInt64(programHeaderSize))
            let end = header.addingReportingOverflow(UInt64(programHeaderSize))
            guard !overflow, !end.overflow, end.partialValue <= UInt64(bytes.count) else {
                throw truncated(
                    at: overflow || end.overflow ? .max : Int(clamping: end.partialValue), found: bytes.count)
            }
            func field(_ offset: Int) -> UInt64 { number(bytes, at: Int(header) + offset, bytes: 8) }
            let type = number(bytes, at: Int(header), bytes: 4)
            if type == DynamicSection.segmentType { dynamic.append((field(16), field(40))) }
            guard type == UInt64(loadedSegment) else { continue }
            let segment = field(8).addingReportingOverflow(field(32))
            guard !segment.overflow, segment.partialValue <= UInt64(bytes.count) else {
                throw truncated(at: segment.overflow ? .max : Int(clamping: segment.partialValue), found: bytes.count)
            }
            segments.append(
                DynamicSection.Segment(
                    fileOffset: field(8), address: field(16), fileSize: field(32), memorySize: field(40)))
        }
        let section = DynamicSection(segments: segments) { number(bytes, at: Int($0), bytes: 8) }
        let texts = try dynamic.compactMap { try section.check(at: $0.address, size: $0.size) }
        let name = Data("tessera_plugin\0".utf8)
        guard texts.contains(where: { bytes.range(of: name, in: $0) != nil }) else {
            throw TesseraError(.backendFailure, "expected a library that exports 'tessera_plugin', found none")
        }
    }

    private static func truncated(at size: Int, found: Int) -> TesseraError {
        TesseraError(.malformedFile, "expected a library of at least \(size) bytes, found \(found): it is cut short")
    }

    /// The library must be for the processor that this process runs on.
    private static func checkMachine(_ machine: UInt16) throws {
        guard let file = FileHandle(forReadingAtPath: "/proc/self/exe"),
            let own = try? file.read(upToCount: headerSize), own.count == headerSize
        else { return }
        let expected = UInt16(truncatingIfNeeded: number(own, at: 18, bytes: 2))
        guard machine == expected else {
            throw TesseraError(
                .malformedFile, "expected a library for ELF machine \(expected), as this process is, found \(machine)")
        }
    }

    /// A little-endian number.
    private static func number(_ data: Data, at offset: Int, bytes count: Int) -> UInt64 {
        (0..<count).reversed().reduce(0) { $0 << 8 | UInt64(data[data.startIndex + offset + $1]) }
    }
}
