import Foundation
import TesseraTestSupport
import Testing

@Suite struct PartitioningPageTests {
    @Test("the scripts on the page about partitioning print what the page says")
    func scripts() throws {
        let page = try String(
            contentsOf: TestFiles.repository.appendingPathComponent("docs/partitioning.md"), encoding: .utf8)
        let parts = page.components(separatedBy: "```lua\n").dropFirst()
        #expect(parts.count == 2)
        let folder = try TemporaryFolder()
        let files = TestFiles.repository.appendingPathComponent("configs").path + "/"
        for (index, part) in parts.enumerated() {
            // The script, what stands between it and what it prints, and that.
            let blocks = part.components(separatedBy: "```")
            let script = blocks[0].replacingOccurrences(of: "configs/", with: files)
            let run = try Command("script", folder.write(script, to: "page\(index).lua"))
            #expect(run.status == 0, "\(run.errors)")
            #expect(run.output == blocks[2].drop { $0 == "\n" }, "\(run.output)")
        }
    }
}
