import TesseraCore

/// Builds the tree of one document from its events.
struct YAMLTreeBuilder: ~Copyable {
    private var events: YAMLEventParser
    private var anchors: [String: Anchored] = [:]
    private var openAnchors: Set<String> = []
    private var nodeCount = 0

    /// A value that has a name, and how many values it is made of.
    private struct Anchored {
        var value: Configuration
        var nodeCount: Int
        var depth: Int
    }

    /// A value, and how deep lists and maps are nested in it.
    private typealias Node = (value: Configuration, depth: Int)

    init(events: consuming YAMLEventParser) { self.events = events }

    /// The only document of the stream; an empty stream is null.
    mutating func document() throws -> Configuration {
        _ = try events.next()
        let start = try events.next()
        guard case .documentStart = start.content else { return Configuration(.null, at: start.location) }
        let value = try node(events.next(), depth: 0).value
        _ = try events.next()
        let end = try events.next()
        guard case .streamEnd = end.content else {
            throw TesseraError(.malformedFile, "expected one document, found a second", location: end.location)
        }
        return value
    }

    private mutating func node(_ event: YAMLEvent, depth: Int) throws -> Node {
        guard depth < YAMLReader.depthLimit else { throw tooDeep(event) }
        let countBefore = nodeCount
        try count(1, at: event)
        if let anchor = event.anchor { openAnchors.insert(anchor) }
        let result: Node
        switch event.content {
        case .alias(let name): result = try alias(name, event, depth: depth)
        case .scalar(let text, let tag, let isPlain):
            let content = try YAMLScalar.content(of: text, tag: tag, isPlain: isPlain, at: event.location)
            result = (Configuration(content, at: event.location), 0)
        case .listStart(let tag):
            try checkTag(tag, "seq", at: event)
            result = try list(event, depth: depth)
        case .mapStart(let tag):
            try checkTag(tag, "map", at: event)
            result = try map(event, depth: depth)
        default: throw TesseraError(.malformedFile, "expected a value", location: event.location)
        }
        if let anchor = event.anchor {
            openAnchors.remove(anchor)
            anchors[anchor] = Anchored(
                value: result.value, nodeCount: nodeCount - countBefore, depth: result.depth)
        }
        return result
    }

    private mutating func list(_ start: YAMLEvent, depth: Int) throws -> Node {
        var elements: [Configuration] = []
        var deepest = 0
        while true {
            let event = try events.next()
            if case .listEnd = event.content { break }
            let element = try node(event, depth: depth + 1)
            elements.append(element.value)
            deepest = max(deepest, element.depth)
        }
        return (Configuration(.list(elements), at: start.location), deepest + 1)
    }

    private mutating func map(_ start: YAMLEvent, depth: Int) throws -> Node {
        var entries: [Configuration.Entry] = []
        var firstPlaces: [String: SourceLocation] = [:]
        var deepest = 0
        while true {
            let event = try events.next()
            if case .mapEnd = event.content { break }
            let key = try key(event)
            if let first = firstPlaces.updateValue(event.location, forKey: key) {
                throw TesseraError(
                    .malformedFile, "the key '\(key)' is here twice, first at line \(first.line)",
                    location: event.location)
            }
            let value = try node(events.next(), depth: depth + 1)
            entries.append(Configuration.Entry(key, value.value, keyLocation: event.location))
            deepest = max(deepest, value.depth)
        }
        return (Configuration(.map(entries), at: start.location), deepest + 1)
    }

    private mutating func key(_ event: YAMLEvent) throws -> String {
        try count(1, at: event)
        guard case .scalar(let text, _, _) = event.content else {
            throw TesseraError(
                .malformedFile, "expected a key that is a word, found a list, map or alias", location: event.location)
        }
        if let anchor = event.anchor {
            let value = Configuration(.string(text), at: event.location)
            anchors[anchor] = Anchored(value: value, nodeCount: 1, depth: 0)
        }
        return text
    }

    private mutating func alias(_ name: String, _ event: YAMLEvent, depth: Int) throws -> Node {
        guard !openAnchors.contains(name) else {
            throw TesseraError(.malformedFile, "'\(name)' contains itself", location: event.location)
        }
        guard let anchored = anchors[name] else {
            throw TesseraError(
                .malformedFile, "unknown alias '\(name)'" + suggestion(for: name, among: anchors.keys),
                location: event.location)
        }
        guard depth + anchored.depth < YAMLReader.depthLimit else { throw tooDeep(event) }
        try count(anchored.nodeCount, at: event)
        return (anchored.value, anchored.depth)
    }

    private mutating func count(_ nodes: Int, at event: YAMLEvent) throws {
        nodeCount += nodes
        guard nodeCount <= YAMLReader.nodeLimit else {
            throw TesseraError(
                .limitExceeded,
                "expected at most \(YAMLReader.nodeLimit) values in a file, counting what aliases stand for",
                location: event.location)
        }
    }

    private func tooDeep(_ event: YAMLEvent) -> TesseraError {
        TesseraError(
            .limitExceeded, "expected lists and maps nested at most \(YAMLReader.depthLimit) deep",
            location: event.location)
    }

    private func checkTag(_ tag: String?, _ expected: String, at event: YAMLEvent) throws {
        guard let tag, tag != "!", tag != "tag:yaml.org,2002:" + expected else { return }
        throw TesseraError(.malformedFile, "unknown tag '\(tag)'", location: event.location)
    }
}
