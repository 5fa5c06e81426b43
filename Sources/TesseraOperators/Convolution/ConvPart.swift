import TesseraCore

/// Of which larger convolution one makes a part. Kernels may compute squares of 2x2 or 4x4 outputs, in which each rounds by its place, and channels
/// that have kernels of their own in another order than others: with this, a part is the same to the bit as in the whole.
public struct ConvPart: Configurable, ConfigurationValue, Equatable {
    /// Groups of the whole.
    public var groups = 1
    /// Where the part begins in the whole along height and width, modulo 4.
    public var origin = [0, 0]

    public init() {}

    public init(groups: Int = 1, origin: [Int] = [0, 0]) { (self.groups, self.origin) = (groups, origin) }

    public static let keys: [Key<ConvPart>] = [
        Key("groups", \.groups, "groups of the whole"),
        Key("origin", \.origin, "the first row and the first column in the whole, modulo 4"),
    ]

    public static let typeDescription = "a map of groups and origin"

    public func validate() throws {
        guard groups >= 1, origin.count == 2, origin.allSatisfy({ (0...3).contains($0) }) else {
            throw TesseraError(
                .invalidArgument,
                "expected 'groups' from 1 and an 'origin' of two numbers from 0 to 3, found \(groups) and \(origin)"
            )
        }
    }
}
