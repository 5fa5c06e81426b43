import CYAML
import TesseraCore

/// What stands in a YAML stream, one piece at a time.
struct YAMLEvent {
    enum Content {
        case streamStart
        case streamEnd
        case documentStart
        case documentEnd
        case alias(String)
        case scalar(String, tag: String?, isPlain: Bool)
        case listStart(tag: String?)
        case listEnd
        case mapStart(tag: String?)
        case mapEnd
    }

    var content: Content
    var anchor: String?
    var location: SourceLocation
}

/// libyaml's event parser.
///
/// It owns the C parser and is neither copied nor shared; the bytes that it reads must outlive it.
struct YAMLEventParser: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let bytes: UnsafeBufferPointer<UInt8>
    private let file: String

    init(_ bytes: UnsafeBufferPointer<UInt8>, file: String) throws {
        parser = .allocate(capacity: 1)
        self.bytes = bytes
        self.file = file
        guard yaml_parser_initialize(parser) == 1 else {
            parser.deallocate()
            throw TesseraError(.outOfMemory, "cannot start reading '\(file)'")
        }
        yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
    }

    /// The next piece.
    ///
    /// - Throws: `malformedFile` in libyaml's words at the place it found the problem.
    mutating func next() throws -> YAMLEvent {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw problem() }
        defer { yaml_event_delete(&event) }
        let (content, anchor) = Self.content(of: event)
        return YAMLEvent(content: content, anchor: anchor, location: location(event.start_mark))
    }

    private static func content(of event: yaml_event_t) -> (YAMLEvent.Content, anchor: String?) {
        switch event.type {
        case YAML_STREAM_START_EVENT: return (.streamStart, nil)
        case YAML_DOCUMENT_START_EVENT: return (.documentStart, nil)
        case YAML_DOCUMENT_END_EVENT: return (.documentEnd, nil)
        case YAML_ALIAS_EVENT: return (.alias(string(event.data.alias.anchor) ?? ""), nil)
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            let isPlain = scalar.style == YAML_PLAIN_SCALAR_STYLE
            return (.scalar(text, tag: string(scalar.tag), isPlain: isPlain), string(scalar.anchor))
        case YAML_SEQUENCE_START_EVENT:
            let start = event.data.sequence_start
            return (.listStart(tag: string(start.tag)), string(start.anchor))
        case YAML_SEQUENCE_END_EVENT: return (.listEnd, nil)
        case YAML_MAPPING_START_EVENT:
            let start = event.data.mapping_start
            return (.mapStart(tag: string(start.tag)), string(start.anchor))
        case YAML_MAPPING_END_EVENT: return (.mapEnd, nil)
        default: return (.streamEnd, nil)
        }
    }

    private static func string(_ text: UnsafeMutablePointer<yaml_char_t>?) -> String? {
        text.map { String(cString: $0) }
    }

    private func location(_ mark: yaml_mark_t) -> SourceLocation {
        SourceLocation(file: file, line: mark.line + 1, column: mark.column + 1)
    }

    private func problem() -> TesseraError {
        let state = parser.pointee
        guard state.error != YAML_MEMORY_ERROR else { return TesseraError(.outOfMemory, "no memory to read '\(file)'") }
        var message = state.problem.map { String(cString: $0) } ?? "the text is not YAML"
        if let context = state.context {
            message += ", \(String(cString: context)) from line \(state.context_mark.line + 1)"
        }
        // What is wrong with the bytes themselves has an offset instead of a mark.
        let place =
            state.error == YAML_READER_ERROR ? location(ofByte: state.problem_offset) : location(state.problem_mark)
        return TesseraError(.malformedFile, message, location: place)
    }

    private func location(ofByte offset: Int) -> SourceLocation {
        let before = bytes.prefix(max(0, offset))
        let newline = UInt8(ascii: "\n")
        let lineStart = before.lastIndex(of: newline).map { $0 + 1 } ?? 0
        return SourceLocation(
            file: file, line: before.count { $0 == newline } + 1,
            column: String(decoding: before[lineStart...], as: UTF8.self).unicodeScalars.count + 1)
    }
}
