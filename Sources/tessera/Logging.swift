import CMalloc
import Foundation
import Logging

/// Keeps memory that was given back, for what comes next, whichever thread that is on: buffers of messages come and go with every
/// inference, and the system clears each page that is asked for anew.
func keepMemory() {
    mallopt(M_ARENA_MAX, 1)
    mallopt(M_MMAP_THRESHOLD, 32 << 20)
    mallopt(M_TRIM_THRESHOLD, 256 << 20)
}

/// Frees small blocks at once, for the next large one that is asked for: an inference that a script runs would have to put
/// together first what Lua freed since the last one.
func joinFreeMemory() { mallopt(M_MXFAST, 0) }

/// Sends logs to standard error: warnings, or what the environment variable `TESSERA_LOG` names (`debug`, `info`, …).
func startLogging(default level: Logger.Level) {
    let named = ProcessInfo.processInfo.environment["TESSERA_LOG"].flatMap { Logger.Level(rawValue: $0.lowercased()) }
    LoggingSystem.bootstrap { label in
        var handler = StreamLogHandler.standardError(label: label)
        handler.logLevel = named ?? level
        return handler
    }
}
