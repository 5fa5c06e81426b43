import ArgumentParser
import Foundation
import Tessera

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Runs one inference on this machine.")

    @OptionGroup var network: NetworkOptions
    @OptionGroup var threads: ThreadOptions

    @OptionGroup var values: ValueOptions

    @Option(help: "The precision of the computation: f32.")
    var precision = "f32"

    @Option(help: "The kernel backend; see 'tessera plugins'.")
    var backend = Modules.defaultBackend

    @Flag(help: "Print one JSON object on standard output.")
    var json = false

    private struct Report: Encodable {
        let network: String
        let threads: Int
        let load_ms: Double
        let latency_ms: Double
        let outputs: [String: [Int]]
    }

    func run() throws {
        guard precision == "f32" else {
            throw TesseraError(.notSupported, "'--precision' expects f32, the only one so far, found '\(precision)'")
        }
        let start = ContinuousClock.now
        let modules = Modules.builtin
        let network = try network.load(modules)
        let tensors = try values.read(for: network)
        let session = try network.session(
            inputs: tensors.mapValues(\.shape), backend: modules.backends.make(backend),
            options: CompileOptions(threads: threads.count))
        let loaded = ContinuousClock.now
        let results = try session.run(tensors)
        let done = ContinuousClock.now
        try network.writeOutputs(results, to: values.outputs)
        if json {
            try printJSON(
                Report(
                    network: network.name, threads: threads.count, load_ms: (loaded - start).milliseconds,
                    latency_ms: (done - loaded).milliseconds, outputs: results.mapValues(\.shape.dimensions)))
        } else {
            for (name, tensor) in results.sorted(by: { $0.key < $1.key }) {
                print("\(name): \(tensor.shape)\(Self.values(of: tensor))")
            }
        }
    }

    /// The values of a small tensor, the range of a large one.
    private static func values(of tensor: Tensor) -> String {
        let values = tensor.reals()
        guard values.count > 16 else { return "  " + values.map { String(format: "%.5g", $0) }.joined(separator: " ") }
        return String(format: "  from %.5g to %.5g", values.min() ?? 0, values.max() ?? 0)
    }
}
