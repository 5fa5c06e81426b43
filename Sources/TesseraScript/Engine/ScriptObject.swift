/// A Swift class whose instances scripts can hold.
///
/// A script holds a reference: the object lives as long as the script can reach it, or until the script closes it.
public protocol ScriptObject: AnyObject {
    /// What scripts see of the class.
    static var scriptType: ScriptType { get }
    /// What `tostring` and `print` show.
    var scriptDescription: String { get }
    /// The memory the object holds, in bytes. It counts towards the script's limit, and makes Lua collect garbage in time.
    var scriptByteCount: Int { get }
    /// What `==` means in scripts. Unless implemented: the same object.
    func isEqual(to other: any ScriptObject) -> Bool
}

extension ScriptObject {
    public var scriptByteCount: Int { 0 }
    public func isEqual(to other: any ScriptObject) -> Bool { self === other }
}
