import Foundation
import TesseraCore
import TesseraNetwork

/// CIFAR-10's binary files: records of a label and 3 x 32 x 32 bytes, all red ones, all green ones, all blue ones.
enum CIFARFiles {
    static let classes = [
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ]
    private static let side = 32
    private static let record = 1 + 3 * side * side

    /// - Throws: `malformedFile` if a file is no whole number of records, or has a label above 9.
    static func read(_ paths: [String]) throws -> PictureList {
        var (pictures, labels): ([Picture], [Int]) = ([], [])
        for path in paths {
            let bytes = try GzipReader.read(path)
            guard !bytes.isEmpty, bytes.count % record == 0 else {
                throw TesseraError(
                    .malformedFile, "'\(path)': expected records of \(record) bytes, found \(bytes.count) bytes")
            }
            for start in stride(from: 0, to: bytes.count, by: record) {
                guard bytes[start] < classes.count else {
                    throw TesseraError(
                        .malformedFile,
                        "'\(path)': expected labels from 0 to \(classes.count - 1), found \(bytes[start]) at picture \(start / record)"
                    )
                }
                let area = side * side
                var pixels = [UInt8](repeating: 0, count: 3 * area)
                for channel in 0..<3 {
                    for index in 0..<area { pixels[index * 3 + channel] = bytes[start + 1 + channel * area + index] }
                }
                labels.append(Int(bytes[start]))
                pictures.append(try Picture(width: side, height: side, channels: 3, pixels: pixels))
            }
        }
        return try PictureList(pictures, labels: labels, classes: classes)
    }
}

/// IDX files, as MNIST comes: a magic number, sizes as big-endian numbers of 32 bits, and bytes.
enum IDXFiles {
    /// - Throws: `malformedFile` if a file is not what its header says, or the two do not have as many entries.
    static func read(images: String, labels: String, classes: Int) throws -> PictureList {
        let (sizes, pixels) = try read(images, axes: 3)
        let (counts, values) = try read(labels, axes: 1)
        guard sizes[0] == counts[0] else {
            throw TesseraError(
                .malformedFile,
                "expected as many labels in '\(labels)' as pictures in '\(images)' (\(sizes[0])), found \(counts[0])")
        }
        let area = sizes[1] * sizes[2]
        let pictures = try (0..<sizes[0]).map {
            try Picture(
                width: sizes[2], height: sizes[1], channels: 1, pixels: Array(pixels[$0 * area..<($0 + 1) * area]))
        }
        return try locatingErrors(path: "'\(labels)'") {
            try PictureList(pictures, labels: values.map(Int.init), classes: (0..<classes).map(String.init))
        }
    }

    private static func read(_ path: String, axes: Int) throws -> (sizes: [Int], bytes: ArraySlice<UInt8>) {
        let bytes = try GzipReader.read(path)
        let header = 4 + 4 * axes
        guard bytes.count >= header, bytes[0] == 0, bytes[1] == 0, bytes[2] == 8, Int(bytes[3]) == axes else {
            throw TesseraError(
                .malformedFile, "'\(path)': expected an IDX file of bytes with \(axes) axes, found other content")
        }
        let sizes = (0..<axes).map { axis in
            bytes[4 + 4 * axis..<8 + 4 * axis].reduce(0) { $0 << 8 | Int($1) }
        }
        let count = Shape(sizes).elementCount
        guard bytes.count - header == count else {
            throw TesseraError(
                .malformedFile, "'\(path)': expected \(count) bytes after the header, found \(bytes.count - header)")
        }
        // Offsets from 0, whatever the header.
        return (sizes, Array(bytes[header...])[...])
    }
}
