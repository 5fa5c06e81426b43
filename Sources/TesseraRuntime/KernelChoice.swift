/// Which kernel a backend is to take for a layer, and how what it reads and writes lies in memory. Kernels may add in different
/// orders, so the parts of one network must be compiled with the same choices wherever they run.
public struct KernelChoice: Sendable, Equatable, Codable {
    /// The backend's name for the implementation.
    public var implementation: String
    /// The backend's names for the layouts of what is read and of what is written, such as `nhwc`.
    public var source: String
    public var target: String

    public init(implementation: String, source: String, target: String) {
        (self.implementation, self.source, self.target) = (implementation, source, target)
    }
}
