import Foundation

/// Tells of a library that ends the process by `exit` within a call: without a word, a command would seem to have done its work.
enum ExitWatch {
    /// Where each thread keeps the name of the library that it is in.
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key, nil)
        atexit { ExitWatch.tell() }
        return key
    }()

    /// Runs what calls a library.
    ///
    /// - Parameter path: the library's, which must hold until `body` returns.
    static func within<Result>(_ path: UnsafePointer<CChar>, _ body: () throws -> Result) rethrows -> Result {
        let outer = pthread_getspecific(key)
        pthread_setspecific(key, path)
        defer { pthread_setspecific(key, outer) }
        return try body()
    }

    /// On the thread that called `exit`.
    private static func tell() {
        guard let path = pthread_getspecific(key)?.assumingMemoryBound(to: CChar.self) else { return }
        let text =
            "Error: \(String(cString: path)): expected the plugin to return from a call, but it ended the process\n"
        FileHandle.standardError.write(Data(text.utf8))
        _exit(1)
    }
}
