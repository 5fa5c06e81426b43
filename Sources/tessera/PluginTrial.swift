import Foundation
import Tessera

/// Runs this command once more, so that a plugin that crashes, ends its process or never comes to an end takes only that process with
/// it.
struct PluginTrial {
    /// What became of the process, in words, if it did not get through; nil if it did.
    let failure: String?
    let status: Int32

    /// - Parameters:
    ///   - seconds: how long the process may take.
    ///   - quiet: whether what it prints is dropped.
    /// - Throws: `inputOutput` if it cannot be started.
    init(_ arguments: [String], seconds: Double, quiet: Bool) throws {
        let process = Process()
        guard let executable = Bundle.main.executablePath else {
            throw TesseraError(.inputOutput, "cannot tell where this command stands")
        }
        let (own, others) = try TrialLine.pair()
        defer { own.close() }
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.standardInput = FileHandle(fileDescriptor: others.descriptor)
        // What describes a crash would take its time, and outlive the process that is ended meanwhile.
        process.environment = ProcessInfo.processInfo.environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
        if quiet { (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice) }
        let ended = DispatchSemaphore(value: 0)
        process.terminationHandler = { _ in ended.signal() }
        do {
            defer { others.close() }
            try process.run()
        } catch {
            throw TesseraError(.inputOutput, "cannot start '\(executable)'", cause: error)
        }
        let signals = SignalForwarding(to: process.processIdentifier)
        // The line holds few words: they are taken as they come.
        var said: [UInt8] = []
        let deadline = DispatchTime.now() + min(seconds, 3e7)
        // Whether the end was told of, and whether it was seen.
        var (isKnown, isDead) = (false, false)
        while !isKnown, !isDead, .now() < deadline {
            let isOpen = own.listen(into: &said, atMost: 0.05)
            isKnown = ended.wait(timeout: isOpen ? .now() : .now() + 0.05) == .success
            isDead = Self.end(of: process.processIdentifier) != nil
        }
        let isOverdue = !isKnown && !isDead
        if isOverdue { kill(process.processIdentifier, SIGKILL) }
        // It is not told of as long as a process that a plugin left behind is there.
        if !isKnown { isKnown = ended.wait(timeout: .now() + 1) == .success }
        signals.end()
        _ = own.listen(into: &said, atMost: 0)
        let end = isKnown ? nil : Self.end(of: process.processIdentifier)
        status = end?.status ?? (isKnown ? process.terminationStatus : SIGKILL)
        let (step, isDone) = TrialLine.progress(said)
        let isKilled = end?.isSignal ?? (!isKnown || process.terminationReason == .uncaughtSignal)
        guard isKilled || !isDone else {
            failure = nil
            return
        }
        let what =
            isOverdue
            ? "was ended after \(seconds) s, the limit of '--timeout'"
            : isKilled
                ? "was ended by signal \(status) (\(String(cString: strsignal(status))))"
                : "ended with status \(status) before it was done"
        failure = what + (step.map { ", at '\($0)'" } ?? "")
    }

    /// What a process that was started here, and that nobody waited for yet, came to; nil while it runs.
    private static func end(of process: pid_t) -> (status: Int32, isSignal: Bool)? {
        var found = siginfo_t()
        guard waitid(P_PID, id_t(process), &found, WEXITED | WNOHANG | WNOWAIT) == 0, found.si_signo == SIGCHLD
        else { return nil }
        return (found._sifields._sigchld.si_status, Int(found.si_code) != Int(CLD_EXITED))
    }

    /// Why a plugin cannot be loaded, if it takes the process with it.
    static func failure(loading path: String, seconds: Double) -> String? {
        do {
            let trial = try PluginTrial(["plugins", "probe", "--", path], seconds: seconds, quiet: true)
            return trial.failure.map { "the process that loaded it \($0)" }
        } catch {
            return "it cannot be tried: \(error)"
        }
    }
}
