import Foundation
import Tessera
import TesseraTestSupport
import Testing

@Suite struct DataSetTests {
    private func shell(_ command: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", command]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(command)")
    }

    @Test(
        "pictures of an archive, compressed or not, are those of the folder",
        arguments: ["cf a.tar", "czf a.tar.gz", "cf a.tar --format=pax"])
    func archives(options: String) throws {
        let toy = try ToyPictures(perClass: 4)
        let long = String(repeating: "long", count: 40)
        let root = toy.folder.file("pictures")
        try FileManager.default.moveItem(atPath: "\(root)/train/red/0.png", toPath: "\(root)/train/red/\(long).png")
        let parts = options.split(separator: " ").map(String.init)
        try shell("cd \(toy.folder.path) && tar \(parts.joined(separator: " ")) -C pictures train test")
        let folder = try EncodedPictures.ofClasses(root, part: "train")
        let archive = try EncodedPictures.ofClasses(toy.folder.file(parts[1]), part: "train")
        #expect(archive.classes == ToyPictures.classes && archive.count == 12 && folder.count == 12)
        for index in 0..<12 {
            #expect(archive.label(index) == index / 4)
            #expect(try archive.picture(index) == folder.picture(index))
        }
    }

    @Test("links of an archive are the pictures that they lead to", arguments: ["gnu", "pax"])
    func links(format: String) throws {
        let toy = try ToyPictures(perClass: 2)
        let root = toy.folder.file("pictures/train")
        let long = String(repeating: "long", count: 40)
        try shell(
            """
            cd \(root) && mv red/1.png red/\(long).png && ln red/\(long).png red/hard.png && ln -s 0.png red/soft.png \
            && ln -s ../blue/0.png red/other.png && ln -s soft.png red/chain.png && ln -s loop.png red/loop.png \
            && ln -s /0.png red/outside.png && ln -s ../../blue/0.png red/above.png && tar cf ../a.tar --format=\(format) .
            """)
        let archive = try EncodedPictures.ofClasses(toy.folder.file("pictures/a.tar"), part: nil)
        let red = (0..<archive.count).filter { archive.name($0).hasPrefix("red/") }
        let names = red.map { String(archive.name($0).dropFirst(4)) }
        #expect(names == ["0.png", "chain.png", "hard.png", "\(long).png", "other.png", "soft.png"])
        for (index, name) in zip(red, names) {
            let source =
                switch name {
                case "hard.png", "\(long).png": "red/\(long).png"
                case "other.png": "blue/0.png"
                default: "red/0.png"
                }
            #expect(try archive.picture(index) == Picture(path: "\(root)/\(source)"), "\(name)")
        }
    }

    @Test("archives that end too early, or are none, are refused with what is wrong")
    func badArchives() throws {
        let toy = try ToyPictures(perClass: 4)
        try shell("cd \(toy.folder.path) && tar cf a.tar -C pictures train && tar czf a.tar.gz -C pictures train")
        func message(_ name: String, _ change: (Data) -> Data) throws -> String {
            let path = toy.folder.file("changed")
            try change(Data(contentsOf: URL(fileURLWithPath: toy.folder.file(name)))).write(
                to: URL(fileURLWithPath: path))
            do {
                _ = try EncodedPictures.ofClasses(path, part: "train")
                return ""
            } catch { return "\(error)" }
        }
        #expect(try message("a.tar.gz") { $0.prefix($0.count / 2) }.contains("ends too early"))
        #expect(try message("a.tar") { $0.prefix(2000) }.contains("no whole tar archive: expected"))
        #expect(try message("a.tar") { _ in Data(repeating: 7, count: 4096) }.contains("checksum"))
        #expect(
            try message("a.tar.gz") {
                var bytes = $0
                bytes[bytes.count / 2] ^= 0xFF
                bytes[bytes.count / 2 + 1] ^= 0xFF
                return bytes
            } != "")
    }

    @Test("an archive whose sizes are below zero is refused, whatever they belong to", arguments: ["0", "5", "L", "x"])
    func negativeSizes(kind: String) throws {
        let folder = try TemporaryFolder()
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            for (index, byte) in text.utf8.enumerated() { header[offset + index] = byte }
        }
        put("train/red/0.png", at: 0)
        put("-0000002000", at: 124)
        put(kind, at: 156)
        put("        ", at: 148)
        let sum = header.reduce(0) { $0 + Int($1) }
        put(String(format: "%06o\u{0} ", sum), at: 148)
        try write(header + [UInt8](repeating: 0, count: 1024), "a.tar", in: folder)
        let error = #expect(throws: TesseraError.self) {
            try EncodedPictures.ofClasses(folder.file("a.tar"), part: "train")
        }
        #expect(error.map { "\($0)".contains("no whole tar archive: expected -1024 bytes") } == true)
    }

    @Test("an IDX file whose sizes are too large to count is refused")
    func hugeSizes() throws {
        let folder = try TemporaryFolder()
        try write([0, 0, 8, 3] + [UInt8](repeating: 255, count: 12), "images", in: folder)
        try write([0, 0, 8, 1, 0, 0, 0, 0], "labels", in: folder)
        let error = #expect(throws: TesseraError.self) {
            try load(
                "{kind: idx, train: images, train_labels: labels}", shape: "[batch, 1, 2, 2]", in: folder)
        }
        #expect(error?.code == .malformedFile)
    }

    private func write(_ bytes: [UInt8], _ name: String, in folder: TemporaryFolder) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: folder.file(name)))
    }

    private func load(_ data: String, shape: String, in folder: TemporaryFolder) throws -> Training {
        _ = try folder.write(
            """
            tessera: 1
            inputs: {image: {shape: \(shape)}}
            weights: {random: 1}
            layers: [global_average_pool, flatten, linear: {name: linear, features: 10}]
            outputs: [linear]
            """, to: "network.yaml")
        let config = try folder.write(
            "tessera: 1\nnetwork: network.yaml\nbatch: 2\noutput: out\ndata: \(data)\n", to: "train.yaml")
        return try Modules.builtin.training(TrainingFile(path: config))
    }

    @Test("CIFAR's files are read as records of a label and three planes")
    func cifar() throws {
        let folder = try TemporaryFolder()
        // One colour each, so that the mean over pixels that the network takes is known: red 51, green 102, blue 255.
        func record(_ label: UInt8) -> [UInt8] {
            let colours: [UInt8] = [51, 102, 255]
            return [label] + colours.flatMap { [UInt8](repeating: $0, count: 1024) }
        }
        try write(record(3) + record(7), "train.bin", in: folder)
        let data = "{kind: cifar, train: train.bin, test: train.bin}"
        let training = try load(data, shape: "[batch, 3, 32, 32]", in: folder)
        let weight = try #require(training.session.parameters.entry("linear.weight"))
        let values = try training.session.parameters.tensor(weight).floats()
        let bias = try training.session.parameters.tensor(#require(training.session.parameters.entry("linear.bias")))
            .floats()
        let logits: [Double] = (0..<10).map { index in
            let colour: Float = 0.2 * values[index * 3] + 0.4 * values[index * 3 + 1] + values[index * 3 + 2]
            return Double(bias[index] + colour)
        }
        let exponentials: [Double] = logits.map { exp($0) }
        let sum = log(exponentials.reduce(0, +))
        let expected = (2 * sum - logits[3] - logits[7]) / 2
        #expect(abs(try training.evaluate().loss - expected) < 1e-5)

        try write(record(10), "bad.bin", in: folder)
        #expect(throws: TesseraError.self) {
            try load("{kind: cifar, train: bad.bin}", shape: "[batch, 3, 32, 32]", in: folder)
        }
        try write(Array(record(1).dropLast()), "short.bin", in: folder)
        #expect(throws: TesseraError.self) {
            try load("{kind: cifar, train: short.bin}", shape: "[batch, 3, 32, 32]", in: folder)
        }
    }

    @Test("IDX files are read, and labels that are no classes are refused")
    func idx() throws {
        let folder = try TemporaryFolder()
        func number(_ value: Int) -> [UInt8] { [0, 0, UInt8(value >> 8), UInt8(value & 255)] }
        let pixels: [UInt8] = (0..<12).map { UInt8($0 * 20) }
        let sizes: [UInt8] = number(3) + number(2) + number(2)
        try write([0, 0, 8, 3] + sizes + pixels, "images", in: folder)
        try write([0, 0, 8, 1] + number(3) + [9, 0, 4], "labels", in: folder)
        try write([0, 0, 8, 1] + number(3) + [9, 0, 40], "wrong", in: folder)
        try write([0, 0, 8, 1] + number(2) + [9, 0], "few", in: folder)
        func load(_ labels: String) throws -> Training {
            try self.load(
                "{kind: idx, train: images, train_labels: \(labels), test: images, test_labels: \(labels)}",
                shape: "[batch, 1, 2, 2]", in: folder)
        }
        #expect(try load("labels").evaluate().count == 3)
        for (name, text) in [
            ("wrong", "expected labels from 0 to 9, found 40"), ("few", "expected as many labels"), ("images", "IDX"),
        ] {
            let error = #expect(throws: TesseraError.self) { try load(name) }
            #expect(error.map { "\($0)".contains(text) } == true, "\(String(describing: error))")
        }
    }
}
