/// This build of Tessera.
public enum Build {
    /// The version of the program. Peers of different versions do not work together: what a plan or a message means may have changed
    /// between them.
    public static let version = "0.1.0"
}
