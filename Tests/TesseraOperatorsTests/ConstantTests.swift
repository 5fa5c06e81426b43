import Tessera
import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@Suite struct ConstantTests {
    @Test func conformance() throws {
        try checkOperator([
            OperatorCase(try constant("{shape: [1, 2, 2, 3], values: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]}")),
            OperatorCase(try constant("{shape: [1, 3, 5, 7]}")), OperatorCase(try constant("{type: i64, values: [3]}")),
        ])
    }

    @Test("values without a shape make a list, a single one a scalar")
    func shapes() throws {
        #expect(try constant("{type: i64, values: [3, -4]}").outputShapes(for: []) == [[2]])
        let scalar = try constant("{type: u8, values: [7]}").forward([], parameters: [:])[0]
        #expect(scalar.shape == [] && scalar.integers() == [7] && scalar.elementType == .u8)
        expectError(.invalidArgument, "expected 4 'values'", "found 3") {
            try constant("{shape: [2, 2], values: [1, 2, 3]}")
        }
    }

    @Test(
        "values that the type cannot hold are refused",
        arguments: [("u8", "300"), ("u8", "-1"), ("i64", "1.5"), ("bool", "2"), ("i32", ".nan"), ("i8", ".inf")])
    func range(type: String, value: String) {
        expectError(.invalidArgument, "expected 'values' that \(type) can hold") {
            try constant("{type: \(type), values: [1, \(value)]}")
        }
    }

    private func constant(_ text: String) throws -> Constant {
        try Constant(configuration: YAMLReader.parse(text, file: "constant"))
    }
}
