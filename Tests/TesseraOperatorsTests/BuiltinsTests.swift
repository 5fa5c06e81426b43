import Foundation
import Testing
import TesseraCore
import TesseraOperators

@Suite struct BuiltinsTests {
    @Test("every registered operator has a test file of its name that runs the conformance check")
    func everyOperatorHasCases() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        for name in Registry<any Operator>.builtin.names {
            let type = name.split(separator: "_").map(\.capitalized).joined()
            let text = try? String(contentsOf: folder.appendingPathComponent("\(type)Tests.swift"), encoding: .utf8)
            #expect(text?.contains("try checkOperator([") == true, "\(type)Tests.swift lacks cases for '\(name)'")
        }
    }
}
