import CTesseraPlugin
import Logging
import TesseraCluster
import TesseraCore

/// What libraries may call.
enum PluginHost {
    private static let logger = Logger(label: "tessera.plugin")

    /// The table that every library gets. It stays as long as the process runs.
    ///
    /// `nonisolated(unsafe)`: filled in once, and constant from then on.
    nonisolated(unsafe) static let table: UnsafePointer<tessera_host> = {
        var host = tessera_host()
        host.size = UInt32(MemoryLayout<tessera_host>.size)
        (host.abi_major, host.abi_minor) = (UInt32(TESSERA_ABI_MAJOR), UInt32(TESSERA_ABI_MINOR))
        // Never freed, as the table is.
        host.version = PluginMemory.permanent.text(Build.version)
        addOptions(to: &host)
        addLog(to: &host)
        addPlanning(to: &host)
        addLinks(to: &host)
        host.write = { output, bytes, count in
            PluginFailure.guarding(nil) { try PluginOutput.at(output).write(bytes, count: count) }
        }
        return PluginMemory.permanent.one(host, named: "host")
    }()

    private static func addLog(to host: inout tessera_host) {
        host.log = { severity, message in
            guard let message else { return }
            let level: Logger.Level =
                switch Int(severity) {
                case TESSERA_DEBUG: .debug
                case TESSERA_INFO: .info
                case TESSERA_WARNING: .warning
                default: .error
                }
            PluginHost.logger.log(level: level, "\(String(cString: message))")
        }
    }

    private static func addOptions(to host: inout tessera_host) {
        host.option_integer = { options, name in
            guard let name else { return 0 }
            return PluginOptionValues.at(options)?.integer(String(cString: name)) ?? 0
        }
        host.option_number = { options, name in
            guard let name else { return 0 }
            return PluginOptionValues.at(options)?.number(String(cString: name)) ?? 0
        }
        host.option_boolean = { options, name in
            guard let name else { return 0 }
            return PluginOptionValues.at(options)?.boolean(String(cString: name)) == true ? 1 : 0
        }
        host.option_text = { options, name in
            guard let name else { return nil }
            return PluginOptionValues.at(options)?.text(String(cString: name))
        }
        host.option_integers = { options, name, values in
            guard let name, let options = PluginOptionValues.at(options) else { return 0 }
            let (elements, count) = options.integers(String(cString: name))
            values?.pointee = elements
            return count
        }
        host.option_numbers = { options, name, values in
            guard let name, let options = PluginOptionValues.at(options) else { return 0 }
            let (elements, count) = options.numbers(String(cString: name))
            values?.pointee = elements
            return count
        }
        host.option_texts = { options, name, values in
            guard let name, let options = PluginOptionValues.at(options) else { return 0 }
            let (elements, count) = options.texts(String(cString: name))
            values?.pointee = elements
            return count
        }
    }
}

extension PluginMemory {
    /// For what stays as long as the process runs.
    ///
    /// `nonisolated(unsafe)`: used once, while the host's table is filled in.
    nonisolated(unsafe) fileprivate static let permanent = PluginMemory()
}
