import Foundation
import Logging

/// Sends logs to standard error: warnings, or what the environment variable `TESSERA_LOG` names (`debug`, `info`, …).
func startLogging(default level: Logger.Level) {
    let named = ProcessInfo.processInfo.environment["TESSERA_LOG"].flatMap { Logger.Level(rawValue: $0.lowercased()) }
    LoggingSystem.bootstrap { label in
        var handler = StreamLogHandler.standardError(label: label)
        handler.logLevel = named ?? level
        return handler
    }
}
