import TesseraCore
import Testing

@Suite struct TextTests {
    @Test(
        "a name is suggested when it is near enough to have been meant",
        arguments: [
            ("max_pol", "max_pool"), ("conv", "conv"), ("cnov1", "conv1"), ("relU", "relu"),
            ("leakyrelu", "leaky_relu"),
        ])
    func nearest(name: String, expected: String) {
        let names = ["max_pool", "conv", "conv1", "relu", "leaky_relu", "softmax"]
        #expect(nearestName(to: name, among: names) == expected)
    }

    @Test("a name unlike all others suggests none of them; ties go to the first in the alphabet")
    func notNear() {
        #expect(nearestName(to: "transformer", among: ["conv", "relu"]) == nil)
        #expect(nearestName(to: "x", among: [String]()) == nil)
        #expect(nearestName(to: "conv3", among: ["conv2", "conv1", "conv4"]) == "conv1")
        #expect(
            nearestName(to: String(repeating: "a", count: 10_000), among: [String(repeating: "a", count: 10_001)])
                != nil)
    }

    @Test("a suggestion lists everything if there is little, and nothing if there is much")
    func suggestions() {
        #expect(suggestion(for: "reluu", among: ["relu", "conv"]) == ", did you mean 'relu'?")
        #expect(suggestion(for: "zzzzzz", among: ["relu", "conv"]) == "; there are: conv, relu")
        #expect(suggestion(for: "zzzzzz", among: (0..<25).map { "layer\($0)" }) == "")
        #expect(suggestion(for: "zzzzzz", among: [String]()) == "")
    }

    @Test("columns are as wide as their widest cell, the first flush left, the others right")
    func table() {
        var table = TextTable(header: ["layer", "size"])
        table.add(["a", "1x2"])
        table.add(["longest", "12345", "x"])
        table.add(["é"])
        #expect(table.lines == ["layer     size", "a          1x2", "longest  12345  x", "é      "])
        #expect(TextTable(header: []).description == "")
    }

    @Test(
        "bytes are given in the unit that keeps the number below 1024",
        arguments: [
            (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (1_048_575, "1.0 MiB"),
            (1_048_576, "1.0 MiB"), (1_023 * 1024, "1023.0 KiB"), (1_073_741_823, "1.0 GiB"), (5 << 30, "5.0 GiB"),
            (3 << 40, "3072.0 GiB"),
        ])
    func byteCount(bytes: Int, expected: String) {
        #expect(ByteCount(bytes).description == expected)
    }
}
