import Foundation
import Tessera

/// Runs this command once more, so that a plugin that crashes takes only that process with it.
struct PluginTrial {
    /// What the signal was that ended the process; nil if it ended by itself.
    let crash: String?
    let status: Int32

    /// - Parameter quiet: whether what the process prints is dropped.
    /// - Throws: `inputOutput` if it cannot be started.
    init(_ arguments: [String], quiet: Bool) throws {
        let process = Process()
        guard let executable = Bundle.main.executablePath else {
            throw TesseraError(.inputOutput, "cannot tell where this command stands")
        }
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.standardInput = FileHandle.nullDevice
        if quiet { (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice) }
        do {
            try process.run()
        } catch {
            throw TesseraError(.inputOutput, "cannot start '\(executable)'", cause: error)
        }
        process.waitUntilExit()
        status = process.terminationStatus
        let isKilled = process.terminationReason == .uncaughtSignal
        crash = isKilled ? "signal \(status) (\(String(cString: strsignal(status))))" : nil
    }

    /// Why a plugin cannot be loaded, if it takes the process with it.
    static func crash(loading path: String) -> String? {
        guard let trial = try? PluginTrial(["plugins", "probe", path], quiet: true), let crash = trial.crash else {
            return nil
        }
        return "the process that loaded it was ended by \(crash)"
    }
}
