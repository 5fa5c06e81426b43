import TesseraCore
import TesseraNetwork

/// Pictures to train with, in an order that never changes. Any thread may ask for any of them.
public protocol DataSet: Sendable {
    var count: Int { get }
    /// The names of the classes; empty if pictures have none.
    var classes: [String] { get }
    /// The class of a picture, counted from 0; nil if pictures have none.
    func label(_ index: Int) -> Int?
    /// - Throws: `malformedFile`, with the picture's name, if it cannot be decoded.
    func picture(_ index: Int) throws -> Picture
}

/// Pictures that are decoded already.
public struct PictureList: DataSet {
    public let pictures: [Picture]
    public let labels: [Int]
    public let classes: [String]

    /// - Throws: `invalidArgument` for a label that is no class.
    public init(_ pictures: [Picture], labels: [Int] = [], classes: [String] = []) throws {
        if !classes.isEmpty {
            guard labels.count == pictures.count else {
                throw TesseraError(
                    .invalidArgument, "expected \(pictures.count) labels, one for each picture, found \(labels.count)")
            }
            if let place = labels.firstIndex(where: { !classes.indices.contains($0) }) {
                throw TesseraError(
                    .invalidArgument,
                    "expected labels from 0 to \(classes.count - 1), found \(labels[place]) at picture \(place)")
            }
        }
        (self.pictures, self.labels, self.classes) = (pictures, labels, classes)
    }

    public var count: Int { pictures.count }
    public func label(_ index: Int) -> Int? { classes.isEmpty ? nil : labels[index] }
    public func picture(_ index: Int) throws -> Picture { pictures[index] }
}
