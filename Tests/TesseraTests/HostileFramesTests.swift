import Tessera
import TesseraTestSupport
import Testing

/// A share of what `scripts/fuzz_frames.sh` does.
@Suite(.serialized) struct HostileFramesTests {
    @Test(
        "frames that no honest leader sends harm no node, and others get their answers from it",
        arguments: propertySeeds(2))
    func node(seed: UInt64) async throws {
        let report = try await HostileCampaign().attackNode(frames: 4000, seed: seed)
        #expect(report.frames >= 4000)
        #expect(report.honestTasks >= 2)
    }

    @Test("frames that no honest node sends harm no leader", arguments: propertySeeds(2))
    func leader(seed: UInt64) async throws {
        let report = try await HostileCampaign().attackLeader(frames: 2000, seed: seed)
        #expect(report.frames >= 2000)
        #expect(report.honestTasks >= 1)
    }

    @Test("streams that no honest peer sends harm no port, with or without TLS")
    func port() async throws {
        let campaign = try await HostileCampaign()
        let folder = try TemporaryFolder()
        for certificates in [nil, try ClusterFolder(folder).member] {
            let report = try await campaign.attackPort(
                connections: 60, seed: propertySeeds(1).lowerBound, certificates: certificates)
            #expect(report.tasks == 60)
        }
    }
}
