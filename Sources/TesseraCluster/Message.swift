import Foundation
import TesseraCore

/// What peers send each other: a kind, a small body in JSON, and blobs.
public struct Message: Sendable, Equatable {
    /// Says what the body is: "plan", "tile", "collect".
    public let kind: String
    /// JSON, or nothing.
    public let body: Data
    /// Tensors and other large data, in the order that the body speaks of them.
    public let payload: [Blob]

    /// A message whose body is written already.
    public init(kind: String, encodedBody: Data = Data(), payload: [Blob] = []) {
        self.kind = kind
        body = encodedBody
        self.payload = payload
    }

    /// - Throws: `invalidArgument` if the body cannot be written as JSON.
    public init(kind: String, body: some Encodable, payload: [Blob] = []) throws {
        do {
            self.init(kind: kind, encodedBody: try JSONEncoder().encode(body), payload: payload)
        } catch {
            throw TesseraError(
                .invalidArgument, "the body of a '\(kind)' message cannot be written as JSON", cause: error)
        }
    }

    /// Reads the body.
    ///
    /// - Throws: `protocolViolation` if it is not what a `type` looks like in JSON.
    public func decode<Body: Decodable>(_ type: Body.Type = Body.self) throws -> Body { try decodeJSON(type) }

    func decodeJSON<Body: Decodable>(_ type: Body.Type) throws -> Body {
        do {
            return try JSONDecoder().decode(type, from: body)
        } catch {
            throw TesseraError(
                .protocolViolation, "expected the body of a '\(kind)' message to be a \(type)", cause: error)
        }
    }

    /// The blob at `index` of the payload.
    ///
    /// - Throws: `protocolViolation` if there are fewer.
    public func blob(_ index: Int) throws -> Blob {
        guard payload.indices.contains(index) else {
            throw TesseraError(
                .protocolViolation,
                "expected at least \(index + 1) blobs in a '\(kind)' message, found \(payload.count)")
        }
        return payload[index]
    }

    /// Bytes that the message holds in memory, roughly: what bounds on queues count.
    public var byteCount: Int { payload.reduce(kind.utf8.count + body.count + 64) { $0 + $1.count } }
}
