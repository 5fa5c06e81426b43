import CMalloc
import Foundation

/// The memory that this process may have.
package enum HostMemory {
    /// Bytes: the host's, or what its control group (a container, a unit of systemd) is limited to.
    package static let byteCount: Int = {
        let own = Int(clamping: ProcessInfo.processInfo.physicalMemory)
        return min(own, controlGroupLimit ?? own)
    }()

    /// Returns memory that is free to the system: what messages with weights took is not wanted again.
    static func returnFree() { malloc_trim(0) }

    /// Nil if there is none, or none that can be seen. Every control group above the process's own limits it, too.
    private static var controlGroupLimit: Int? {
        guard let membership = try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8),
            let line = membership.split(separator: "\n").first(where: { $0.hasPrefix("0::") })
        else { return nil }
        var folder = URL(fileURLWithPath: "/sys/fs/cgroup" + line.dropFirst(3))
        var limits: [Int] = []
        while folder.path.hasPrefix("/sys/fs/cgroup") {
            let text = try? String(contentsOf: folder.appendingPathComponent("memory.max"), encoding: .utf8)
            if let limit = text.flatMap({ Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }) {
                limits.append(limit)
            }
            folder.deleteLastPathComponent()
        }
        return limits.min()
    }
}
