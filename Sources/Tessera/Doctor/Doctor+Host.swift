import Foundation
import TesseraCluster
import TesseraCore
import TesseraRuntime

extension Doctor {
    /// What this host has, whatever it is used for.
    func host() -> [Finding] { [kernels(), files()] }

    private func kernels() -> Finding {
        do {
            let backend = try modules.backends.make(Modules.defaultBackend)
            let memory = ByteCount(HostMemory.byteCount)
            return .ok("kernels", "\(backend.name) with \(backend.instructionSet), \(memory) of memory")
        } catch {
            return .error("kernels", "\(error)", remedy: "run scripts/setup.sh, which installs the kernel library")
        }
    }

    /// Every connection is an open file.
    private func files() -> Finding {
        var limit = rlimit()
        let wanted = UInt(1024 + 128)
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < wanted else {
            return .ok("files", "\(limit.rlim_cur) files may be open at once")
        }
        return .warning(
            "files", "\(limit.rlim_cur) files may be open at once, a transport may have 1024 connections",
            remedy: "'ulimit -n \(wanted)', or LimitNOFILE=\(wanted) in a unit of systemd")
    }
}
