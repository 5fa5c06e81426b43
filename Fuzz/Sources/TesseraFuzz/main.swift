import Foundation

/// libFuzzer's own loop: it makes up inputs and calls back with them. It never returns.
@_silgen_name("LLVMFuzzerRunDriver")
func runFuzzer(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ callback: @convention(c) (UnsafePointer<UInt8>, Int) -> CInt
) -> CInt

guard CommandLine.arguments.count > 1, readers[CommandLine.arguments[1]] != nil else {
    print("usage: TesseraFuzz \(readers.keys.sorted().joined(separator: "|")) [libFuzzer's arguments]")
    exit(64)
}
// The reader's name is dropped; the rest is libFuzzer's.
var arguments = CommandLine.unsafeArgv + 1
var count = CommandLine.argc - 1
exit(
    runFuzzer(&count, &arguments) { data, count in
        let bytes = Array(UnsafeBufferPointer(start: data, count: count))
        try? readers[CommandLine.arguments[1]]?(bytes)
        return 0
    })
