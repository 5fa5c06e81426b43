import Foundation
import Tessera

/// Reads JSON within bounds on what it takes, as `YAMLReader` does for YAML.
enum LimitedJSON {
    /// The most values a text may have.
    static let valueLimit = YAMLReader.nodeLimit
    /// What a value takes while a text is read, beside its characters: half of what an object with one entry does.
    private static let bytesOfValue = 256

    /// The value that is written in `text`; `file` is its name in messages.
    ///
    /// - Throws: `limitExceeded` if it has too many values, or if these take more memory than the script may, `malformedFile` for what
    ///   is no JSON.
    static func value(_ text: String, file: String, within limits: ScriptLimits) throws -> ScriptValue {
        let count = valueCount(of: text)
        guard count <= valueLimit else {
            throw TesseraError(
                .limitExceeded, "'\(file)' is too large for JSON: expected at most \(valueLimit) values, found \(count)"
            )
        }
        try limits.check(bytes: 2 * text.utf8.count + count * bytesOfValue, for: "the \(count) values of '\(file)'")
        do {
            return ScriptValue(try JSONDecoder().decode(Configuration.self, from: Data(text.utf8)))
        } catch is DecodingError {
            throw TesseraError(.malformedFile, "'\(file)': expected JSON" + problem(in: text))
        }
    }

    /// How many values there are if this is JSON: one, and those that commas part, and the first of every list and map that has any.
    private static func valueCount(of text: String) -> Int {
        let (quote, backslash) = (UInt8(ascii: "\""), UInt8(ascii: "\\"))
        var text = text
        return text.withUTF8 { bytes in
            var count = 1
            var (isText, isEscaped, isOpened) = (false, false, false)
            for byte in bytes {
                if isText {
                    isText = isEscaped || byte != quote
                    isEscaped = byte == backslash && !isEscaped
                    continue
                }
                switch byte {
                case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"), UInt8(ascii: "\n"): continue
                case UInt8(ascii: "]"), UInt8(ascii: "}"): break
                default: count += isOpened || byte == UInt8(ascii: ",") ? 1 : 0
                }
                isOpened = byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{")
                isText = byte == quote
            }
            return count
        }
    }

    /// What is wrong and where, as far as Foundation's other reader says.
    private static func problem(in text: String) -> String {
        do {
            _ = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
        } catch let error as NSError {
            if let reason = error.userInfo[NSDebugDescriptionErrorKey] as? String { return ": " + reason }
        }
        return ""
    }
}
