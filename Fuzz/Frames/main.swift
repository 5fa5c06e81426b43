import Foundation
import Logging
import TesseraTestSupport

/// `FrameFuzz [FRAMES] [SEED]`: attacks a node and a leader, and prints what became of it. A crash, a hang or a wrong answer is a finding.
let arguments = CommandLine.arguments.dropFirst().map { UInt64($0) }
guard arguments.count <= 2, !arguments.contains(nil) else {
    print("usage: FrameFuzz [FRAMES] [SEED]")
    exit(64)
}
let frames = Int(clamping: arguments.first.flatMap(\.self) ?? 1_000_000)
let seed = arguments.dropFirst().first.flatMap(\.self) ?? UInt64.random(in: 0 ... .max)
/// Written at once, so that it is there if the process crashes.
@Sendable func say(_ text: String) { FileHandle.standardOutput.write(Data("\(text)\n".utf8)) }

say("seed \(seed)")
// Every wrong frame is a line otherwise.
LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }

let campaign = try await HostileCampaign()
let folder = try TemporaryFolder()
let cluster = try ClusterFolder(folder)
var total = 0

typealias Progress = @Sendable (HostileCampaign.Report) -> Void

/// Runs one attack and prints how fast that was.
@MainActor func run(
    _ name: String, _ attack: @Sendable (@escaping Progress) async throws -> HostileCampaign.Report
) async {
    let start = ContinuousClock.now
    @Sendable func line(_ report: HostileCampaign.Report) -> String {
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        return
            "\(name): \(report.frames) frames (\(report.refused) refused by the parser) in \(report.tasks) tasks or connections, "
            + "\(report.honestTasks) honest tasks between, \(Int(seconds)) s, \(Int(Double(report.frames) / seconds)) frames/s"
    }
    do {
        let report = try await attack { report in
            if isatty(STDERR_FILENO) != 0 { FileHandle.standardError.write(Data("\r\(line(report))".utf8)) }
        }
        say(line(report))
        total += report.frames
    } catch {
        say("\(name): \(error)")
        exit(1)
    }
}

await run("node") { try await campaign.attackNode(frames: frames / 2, seed: seed, progress: $0) }
await run("leader") { try await campaign.attackLeader(frames: frames / 2, seed: seed &+ 1, progress: $0) }
await run("port") { try await campaign.attackPort(connections: frames / 200, seed: seed &+ 2, progress: $0) }
await run("port with TLS") {
    try await campaign.attackPort(
        connections: frames / 1000, seed: seed &+ 3, certificates: cluster.member, progress: $0)
}
say("\(total) frames: no crash, no hang, no wrong answer")
