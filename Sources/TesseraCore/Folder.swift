import Foundation

extension FileManager {
    /// Makes a folder, and those that it lies in, if they are not there.
    ///
    /// - Parameter permissions: of those that are made, less what the process masks.
    /// - Throws: `inputOutput` with the system's reason.
    package func makeFolder(_ path: String, permissions: mode_t = 0o777) throws {
        func failed(_ reason: Int32) -> TesseraError {
            TesseraError(.inputOutput, "cannot make the folder '\(path)': \(String(cString: strerror(reason)))")
        }
        var partial = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            partial += part
            guard mkdir(partial, permissions) == 0 || errno == EEXIST else { throw failed(errno) }
            partial += "/"
        }
        var isFolder: ObjCBool = false
        guard fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else { throw failed(ENOTDIR) }
    }
}
