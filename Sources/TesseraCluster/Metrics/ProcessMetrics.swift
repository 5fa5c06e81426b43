import Foundation

/// What the system knows of this process, under the names that all Prometheus clients use.
enum ProcessMetrics {
    static var families: [MetricFamily] {
        var families: [MetricFamily] = []
        func add(_ name: String, _ kind: MetricFamily.Kind, _ help: String, _ value: Double?) {
            guard let value else { return }
            var family = MetricFamily(name, kind, help)
            family.add(value)
            families.append(family)
        }
        let status = statistics
        add("process_resident_memory_bytes", .gauge, "Resident memory in bytes.", status?.residentByteCount)
        add("process_virtual_memory_bytes", .gauge, "Virtual memory in bytes.", status?.virtualByteCount)
        add("process_cpu_seconds_total", .counter, "Processor time in seconds.", status?.processorSeconds)
        add("process_start_time_seconds", .gauge, "Start of the process since 1970, in seconds.", status?.start)
        add("process_threads", .gauge, "Threads of the process.", status?.threads)
        let files = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        add("process_open_fds", .gauge, "Open file descriptors.", files.map(Double.init))
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
            add("process_max_fds", .gauge, "File descriptors that may be open.", Double(limit.rlim_cur))
        }
        return families
    }

    private struct Statistics {
        let residentByteCount, virtualByteCount, processorSeconds, start, threads: Double
    }

    /// From `/proc/self/stat`, see proc(5).
    private static var statistics: Statistics? {
        guard let text = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
            let system = try? String(contentsOfFile: "/proc/stat", encoding: .utf8),
            // The program's name is in brackets and may contain anything.
            let end = text.lastIndex(of: ")")
        else { return nil }
        let numbers = text[end...].split(separator: " ").dropFirst().map { Double($0) ?? 0 }
        let boot = system.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { Double($0.dropFirst(6)) }
        guard numbers.count > 21, let boot else { return nil }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        // Counted from the field after the name, which is the third of the page.
        return Statistics(
            residentByteCount: numbers[21] * Double(sysconf(Int32(_SC_PAGESIZE))), virtualByteCount: numbers[20],
            processorSeconds: (numbers[11] + numbers[12]) / ticks, start: boot + numbers[19] / ticks,
            threads: numbers[17])
    }
}
