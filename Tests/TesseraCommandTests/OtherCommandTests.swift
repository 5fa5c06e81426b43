import Foundation
import TesseraTestSupport
import Testing

@Suite struct OtherCommandTests {
    @Test("every registered module is listed, with its options")
    func plugins() throws {
        let list = try Command("plugins")
        for name in [
            "vertical", "fused-grid", "loopback", "tcp", "onednn", "reference", "conv", "softmax", "cut_after",
        ] {
            #expect(list.output.contains(name), "\(name)")
        }
    }

    @Test("parameters and operations of ResNet-20 are the published ones: 0.27 M and 40.55 M")
    func inspect() throws {
        let report = try Command("inspect", TestFiles.network("resnet20"), "--shape", "image=1x3x32x32", "--json")
            .json()
        // He et al. count 0.27 M: convolutions and the linear layer, two learned values a channel of each batch norm, to
        // which running_mean and running_var come here.
        #expect(report["parameters"] as? Int == 269_722 + 2 * 688)
        #expect(report["macs"] as? Int == 40_551_040)
    }

    @Test("a script runs, and its errors name file and line")
    func script() throws {
        let folder = try TemporaryFolder()
        let good = try Command("script", folder.write("print(6 * 7, arg[1])", to: "good.lua"), "hello")
        #expect(good.status == 0 && good.output == "42\thello\n", "\(good.output)\(good.errors)")
        let bad = try Command("script", folder.write("local x = 1\nerror('no luck')", to: "bad.lua"))
        #expect(bad.status == 1)
        #expect(bad.errors.contains("bad.lua:2") && bad.errors.contains("no luck"), "\(bad.errors)")
    }
}
