import Foundation
import TesseraTestSupport
import Testing

@Suite struct PartitioningPageTests {
    @Test("the script on the page about partitioning prints what the page says")
    func script() throws {
        let page = try String(
            contentsOf: TestFiles.repository.appendingPathComponent("docs/partitioning.md"), encoding: .utf8)
        let parts = page.components(separatedBy: "```lua\n")
        let blocks = try #require(parts.count == 2 ? parts[1].components(separatedBy: "```") : nil)
        let folder = try TemporaryFolder()
        let networks = TestFiles.repository.appendingPathComponent("configs/networks/").path
        let script = blocks[0].replacingOccurrences(of: "configs/networks", with: networks)
        let run = try Command("script", folder.write(script, to: "page.lua"))
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output == blocks[2].drop { $0 == "\n" }, "\(run.output)")
    }
}
