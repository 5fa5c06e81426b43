import Foundation
import TesseraTestSupport
import Testing

@Suite struct PlanCommandTests {
    private let dncnn = TestFiles.network("dncnn")

    @Test("the table shows method A's coordinates: what each node reads and owns")
    func table() throws {
        let plan = try Command("plan", dncnn, "--shape", "image=1x1x64x32", "--nodes", "2")
        #expect(plan.status == 0, "\(plan.errors)")
        // 17 convolutions of 3x3: 17 pixels beyond the own 32 rows.
        let rows = plan.output.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
        #expect(rows.contains("reads image (0,0)-(31,48) (0,15)-(31,63)"), "\(plan.output)")
        #expect(rows.contains("owns denoised (0,0)-(31,31) (0,32)-(31,63)"), "\(plan.output)")
    }

    @Test("JSON holds the documented keys")
    func json() throws {
        let plan = try Command(
            "plan", dncnn, "--shape", "image=1x1x64x32", "--nodes", "4", "--strategy", "fused-grid", "--option",
            "tiles=[2, 2]", "--option", "cut_after=conv8", "--json")
        let report = try plan.json()
        let stages = try #require(report["stages"] as? [[String: Any]])
        #expect(stages.count == 2)
        #expect(stages[0]["output"] as? String == "conv8")
        let tiles = try #require(stages[1]["tiles"] as? [[String: Any]])
        #expect(tiles[3]["region"] as? [[Int]] == [[0, 1], [0, 1], [32, 64], [16, 32]])
        for key in ["redundancy", "speedup_bound", "bytes_moved"] { #expect(report[key] is NSNumber, "\(key)") }
    }

    @Test("a picture of the plan is written")
    func svg() throws {
        let folder = try TemporaryFolder()
        let plan = try Command(
            "plan", dncnn, "--shape", "image=1x1x64x32", "--nodes", "3", "--svg", folder.file("plan.svg"))
        #expect(plan.status == 0, "\(plan.errors)")
        let text = try String(contentsOfFile: folder.file("plan.svg"), encoding: .utf8)
        #expect(text.contains("<title>node 3: (0,43)-(31,63)</title>"), "\(text)")
    }

    @Test("a comparison has a row for every strategy, options where they are known, and reasons where there is no plan")
    func comparison() throws {
        let arguments = ["plan", dncnn, "--shape", "image=1x1x64x32", "--nodes", "4", "--compare"]
        let table = try Command(arguments)
        #expect(table.status == 0, "\(table.errors)")
        let rows = table.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        let names = ["channel", "fused-grid", "layerwise", "pipeline", "strips", "vertical"]
        #expect(Set(names).isSubset(of: rows.map { $0[0] }), "\(table.output)")
        // DnCNN has 17 convolutions of 3x3, all of which look at neighbours.
        #expect(rows.first { $0[0] == "layerwise" }?[1...3] == ["17", "1.000", "4.00"], "\(table.output)")

        let report = try Command(arguments + ["--json", "--option", "speeds=[1, 1]", "--option", "tiles=[4, 1]"]).json()
        #expect(report["nodes"] as? Int == 4)
        let strategies = try #require(report["strategies"] as? [[String: Any]])
        let strips = try #require(strategies.first { $0["strategy"] as? String == "strips" })
        #expect((strips["error"] as? String)?.contains("expects a number for each of 4 nodes, found 2") == true)
        let grid = try #require(strategies.first { $0["strategy"] as? String == "fused-grid" })
        let plan = try Command(
            "plan", dncnn, "--shape", "image=1x1x64x32", "--nodes", "4", "--strategy", "fused-grid", "--option",
            "tiles=[4, 1]", "--json"
        ).json()
        for key in ["redundancy", "speedup_bound", "bytes_moved", "bytes_exchanged"] {
            #expect(grid[key] as? Double == plan[key] as? Double, "\(key)")
            #expect(plan[key] is NSNumber, "\(key)")
        }
        #expect(grid["stages"] as? Int == 1)
        #expect(grid["largest_memory_bytes"] as? Int ?? 0 > 0)
    }

    @Test("a comparison is of all strategies, and knows their options")
    func comparisonErrors() throws {
        let arguments = ["plan", dncnn, "--shape", "image=1x1x8x8", "--compare"]
        #expect(try Command(arguments + ["--strategy", "strips"]).status == 64)
        let plan = try Command(arguments + ["--option", "speed=[1, 2]"])
        #expect(plan.status == 1)
        #expect(plan.errors.contains("no strategy knows an option 'speed', did you mean 'speeds'?"), "\(plan.errors)")
    }

    @Test(
        "what cannot be planned is said clearly",
        arguments: [
            (["--nodes", "2"], "open shape 1x1xheightxwidth"),
            (["--shape", "image=1x1x8", "--nodes", "2"], "expected 1x1xheightxwidth, found 1x1x8"),
            (["--shape", "image=1x1x8x8", "--nodes", "0"], "expected 1 to 4096 nodes, found 0"),
            (["--shape", "image=1x1x8x8", "--nodes=-1"], "expected 1 to 4096 nodes, found -1"),
            (["--shape", "image=1x1x8x8", "--nodes=-1", "--compare"], "expected 1 to 4096 nodes, found -1"),
            (["--shape", "image=1x1x8x8", "--strategy", "vertcal"], "did you mean 'vertical'?"),
            (["--shape", "image=1x1x8x8", "--option", "axes=height"], "did you mean 'axis'?"),
            (["--shape", "image=1x1x8x8", "--up-to", "conv99"], "conv99"),
            (["--shape", "image=1x1x8x8", "--strategy", "fused-grid", "--option", "tiles=[2]"], "rows and columns"),
        ])
    func errors(_ arguments: [String], _ message: String) throws {
        let plan = try Command(["plan", dncnn] + arguments)
        #expect(plan.status == 1)
        #expect(plan.errors.contains(message), "\(plan.errors)")
    }
}
