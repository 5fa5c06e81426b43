import Foundation
import TesseraCore
import Testing

@testable import TesseraONNX

@Suite struct ProbeTests {
    @Test(.enabled(if: ProcessInfo.processInfo.environment["ONNX_CASES"] != nil))
    func everyCaseIsImported() throws {
        let folder = ProcessInfo.processInfo.environment["ONNX_CASES"] ?? ""
        let show = ProcessInfo.processInfo.environment["ONNX_SHOW"]
        var (count, failed) = (0, 0)
        for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() where name.hasSuffix(".onnx") {
            if let show, !name.contains(show) { continue }
            count += 1
            do {
                let graph = try ONNXModel(path: folder + "/" + name).imported()
                if show != nil {
                    print(name)
                    for i in graph.inputs { print("  input", i.name, i.elementType, i.shape) }
                    for l in graph.layers {
                        print(
                            "  -", l.type, l.name, l.configuration.flow, l.inputs,
                            l.parameters.map { "\($0): \($1.shape) \($1.elementType)" }.sorted())
                    }
                    print("  ->", graph.outputs.map { "\($0.name)=\($0.value)" })
                }
            } catch {
                failed += 1
                print("FAILED \(name): \(error)")
            }
        }
        print("\(count) models, \(failed) failed")
    }
}
