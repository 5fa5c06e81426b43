import Foundation

#if canImport(Glibc)
    import Glibc
#endif

/// Tells how long loading takes; it is started when it is made.
public struct LoadingStopwatch: Sendable {
    private let start: ContinuousClock.Instant
    /// Milliseconds from the start of this process to the start of the stopwatch, in steps of the kernel's clock ticks, which are
    /// usually 10 ms; nil where that cannot be known.
    public let beforeLoading: Double?
    /// The most bytes that the process had resident until then; nil where that cannot be known.
    let peakByteCount: Int?

    public init() {
        peakByteCount = ProcessMemory.peakByteCount
        beforeLoading = Self.processAge()
        start = .now
    }

    var elapsed: Duration { ContinuousClock.now - start }

    /// The 22nd field of /proc/self/stat is when the process started, in ticks since the machine did; its second, the program's
    /// name in parentheses, may hold blanks. See proc(5).
    private static func processAge() -> Double? {
        guard let text = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
            let name = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[name...].split(separator: " ")
        let ticksPerSecond = sysconf(Int32(_SC_CLK_TCK))
        var now = timespec()
        guard fields.count > 20, let ticks = Double(fields[20]), ticksPerSecond > 0,
            clock_gettime(CLOCK_BOOTTIME, &now) == 0
        else { return nil }
        let uptime = Double(now.tv_sec) * 1e3 + Double(now.tv_nsec) / 1e6
        return max(0, uptime - ticks * 1e3 / Double(ticksPerSecond))
    }
}

/// What this process takes of the machine's memory.
enum ProcessMemory {
    /// The most bytes that were ever resident at the same time (`VmHWM`); nil where the system does not say.
    static var peakByteCount: Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
            let kibibytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) })
        else { return nil }
        return kibibytes * 1024
    }
}
