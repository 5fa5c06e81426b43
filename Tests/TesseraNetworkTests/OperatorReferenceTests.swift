import Foundation
import TesseraCore
import TesseraOperators
import TesseraTestSupport
import Testing

@testable import TesseraNetwork

/// docs/operators.md. With TESSERA_UPDATE=1 it is rewritten.
@Suite struct OperatorReferenceTests {
    @Test("the page is what the operators declare")
    func page() throws {
        let url = TestFiles.repository.appendingPathComponent("docs/operators.md")
        let text = OperatorReference(.builtin).markdown
        if ProcessInfo.processInfo.environment["TESSERA_UPDATE"] == "1" { try Data(text.utf8).write(to: url) }
        #expect(
            try String(contentsOf: url, encoding: .utf8) == text,
            "docs/operators.md: run with TESSERA_UPDATE=1 to rewrite it")
    }

    @Test(
        "every key says what it takes, and its default is among that", arguments: Registry<any Operator>.builtin.modules
    )
    func keys(module: Module<any Operator>) throws {
        for key in module.keys {
            let schema = key.schema.json()
            #expect(schema != .empty, "\(module.name).\(key.name) takes anything: give its type a 'schema'")
            guard let fallback = key.fallback, !fallback.isNull else { continue }
            #expect(try SchemaChecker(schema).problems(of: fallback) == [], "\(module.name).\(key.name)")
        }
    }
}

extension Module: CustomTestStringConvertible where Product == any Operator {
    public var testDescription: String { name }
}
