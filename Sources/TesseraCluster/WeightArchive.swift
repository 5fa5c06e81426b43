import TesseraCore

/// Where a node keeps weights so that they outlive it and take no memory before they are read.
public protocol WeightArchive: Sendable {
    /// The weights that are there and their bytes, those first that were not used for the longest.
    func contents() -> [(hash: ContentHash, byteCount: Int)]
    /// The weight as it was written, nil if it is not there. Whoever asks checks what it is.
    func read(_ hash: ContentHash) throws -> Tensor?
    /// Keeps a weight.
    ///
    /// - Returns: the same from the archive, so that the original need not stay in memory.
    /// - Throws: `inputOutput`, and keeps nothing of it then.
    func write(_ tensor: Tensor, for hash: ContentHash) throws -> Tensor
    func remove(_ hash: ContentHash)
}
