import Foundation
import Tessera

/// Turning a network's numbers into small integers.
extension ScriptNetwork {
    static var quantize: Binding {
        Binding(
            of: ScriptNetwork.self, "quantize",
            "quantize{calibrate: string|table|Tensor|Image, bits?: integer|integer[], method?: string|table, keep?: string[], "
                + "target?: string, rounding?: string, correct_bias?: boolean, equalize?: boolean, sensitivity?: boolean, "
                + "float_part?: number, count?: integer, evaluate?: string} -> Network, table",
            "Turns weights and activations into integers. `calibrate` is a file or folder of samples, or a list of tensors, images or "
                + "tables of inputs. `bits` is one number, or those of weights and of activations. The other options are those of a "
                + "quantization file. Gives the network, and a table with what `tessera quantize --json` prints.",
            example: """
                \(ScriptLibrary.exampleNetwork)
                local images = {}
                for i = 1, 4 do images[i] = tessera.tensor{shape = {1, 1, 8, 8}, random = i} end
                local small, report = net:quantize{bits = 8, calibrate = images}
                assert(report.samples == 4 and small:run(images[1]):difference(net:run(images[1])) < 0.1)
                """
        ) { network, call in
            try call.expectArguments(atMost: 1)
            var options = try call.options()
            let calibrate = try options.take("calibrate") { $0 }
            let bits = try options.take("bits", network.bits)
            try options.expectRest(
                among: QuantizationFile.keys.map(\.description.name)
                    .filter { !["tessera", "samples", "weight_bits", "activation_bits"].contains($0) })
            let entries = try options.rest().entries() + [.init("tessera", 1.configuration)]
            let result = try locatingErrors(path: call.name) {
                var settings = try QuantizationFile(configuration: Configuration(.map(entries)))
                if let bits {
                    (settings.quantization.weightBits, settings.quantization.activationBits) = (bits[0], bits[1])
                    try locatingErrors(within: "\(call.name): option 'bits'") { try settings.validate() }
                }
                return try network.quantized(settings, calibrate)
            }
            return [
                .object(
                    ScriptNetwork(
                        result.network, backend: network.backend, threads: network.threads, context: network.context)),
                try ScriptValue(encoding: result.report),
            ]
        }
    }

    /// Bits of weights and of activations.
    private func bits(_ value: ScriptValue) throws -> [Int] {
        if case .table(let table) = value {
            let bits = try table.array.map { try $0.requireInteger() }
            guard bits.count == 2 else {
                throw TesseraError(.invalidArgument, "expected bits of weights and of activations, got \(bits.count)")
            }
            return bits
        }
        let bits = try value.requireInteger()
        return [bits, bits]
    }

    private func quantized(
        _ settings: QuantizationFile, _ calibrate: ScriptValue?
    ) throws -> NetworkQuantization.Result {
        var settings = settings
        let inputs: [[String: Tensor]]?
        switch calibrate {
        case .string(let path):
            settings.samples = path
            inputs = nil
        case .table(let table) where table.entries.isEmpty:
            guard !table.array.isEmpty else {
                throw TesseraError(
                    .invalidArgument, "expected at least one sample, got none", path: "quantize: option 'calibrate'")
            }
            inputs = try locatingErrors(within: "quantize: option 'calibrate'") {
                try ScriptValue.table(table).requireArray(of: tensors(from:))
            }
        case .some(let value): inputs = [try tensors(from: value)]
        case nil: inputs = nil
        }
        let quantization = try NetworkQuantization(
            network, settings, modules: context.modules.loading(plugins: settings.plugins), backend: backend,
            threads: threads)
        return try inputs.map { try quantization.run($0) } ?? quantization.run()
    }
}
