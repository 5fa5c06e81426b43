import TesseraCore

/// Runs `body` and puts `path` in front of the path of an error that it throws: `inputs` before `image.shape`.
func nestingErrors<Result>(
    path: String, at location: SourceLocation? = nil, _ body: () throws -> Result
) throws -> Result {
    do {
        return try body()
    } catch var error as TesseraError {
        error.path = error.path.map { "\(path).\($0)" } ?? path
        throw error.located(location: location)
    }
}
