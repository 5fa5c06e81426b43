import TesseraCore
import Testing

/// Expects `body` to throw a `TesseraError` of `code` whose description has all of `parts`.
public func expectError<Result>(
    _ code: TesseraError.Code? = nil, _ parts: String..., sourceLocation: Testing.SourceLocation = #_sourceLocation,
    _ body: () throws -> Result
) {
    do {
        let result = try body()
        Issue.record("expected an error, found \(result)", sourceLocation: sourceLocation)
    } catch let error as TesseraError {
        if let code { #expect(error.code == code, "\(error)", sourceLocation: sourceLocation) }
        for part in parts {
            #expect(error.description.contains(part), "\(error)", sourceLocation: sourceLocation)
        }
    } catch {
        Issue.record("expected a TesseraError, found \(error)", sourceLocation: sourceLocation)
    }
}
