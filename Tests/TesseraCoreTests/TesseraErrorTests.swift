import TesseraCore
import TesseraTestSupport
import Testing

@Suite struct TesseraErrorTests {
    private let place = TesseraCore.SourceLocation(file: "net.yaml", line: 3, column: 14)

    @Test("an error says where, which layer, what, and why underneath, and leaves out what it does not know")
    func description() {
        let cause = TesseraError(.inputOutput, "no such file")
        let all = TesseraError(.notFound, "weights are missing", path: "conv1", location: place, cause: cause)
        #expect(all.description == "net.yaml:3:14: conv1: weights are missing (no such file)")
        let line = TesseraCore.SourceLocation(file: "a.lua", line: 3)
        #expect(TesseraError(.scriptFailure, "gone", location: line).description == "a.lua:3: gone")
        #expect(TesseraError(.notFound, "gone").description == "gone")
        #expect(TesseraError(.notFound, "gone", path: "a").description == "a: gone")
        let quoted = TesseraError(.notFound, "cannot read it: no such file", cause: cause)
        #expect(quoted.description == "cannot read it: no such file")
    }

    @Test("the innermost place wins: what is known already is not overwritten")
    func locating() {
        expectError(.shapeMismatch, "net.yaml:3:14: inner: bad") {
            try locatingErrors(path: "outer", at: TesseraCore.SourceLocation(file: "other.yaml", line: 1, column: 1)) {
                try locatingErrors(path: "inner", at: place) { throw TesseraError(.shapeMismatch, "bad") }
            }
        }
        expectError(nil, "net.yaml:3:14: outer: bad") {
            try locatingErrors(path: "outer") {
                try locatingErrors(at: place) { throw TesseraError(.shapeMismatch, "bad") }
            }
        }
    }

    @Test("other errors pass through unchanged, and results too")
    func passing() throws {
        struct Other: Error {}
        #expect(throws: Other.self) { try locatingErrors(path: "x") { throw Other() } }
        #expect(try locatingErrors(path: "x") { 7 } == 7)
    }
}
