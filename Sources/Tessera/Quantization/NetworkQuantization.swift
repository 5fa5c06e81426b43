import TesseraCore
import TesseraNetwork
import TesseraOperators
import TesseraPruning
import TesseraQuantization
import TesseraRuntime

/// Quantizes a network as a file or the command line says.
public struct NetworkQuantization: Sendable {
    public let network: Network
    public let settings: QuantizationFile
    private let modules: Modules
    private let backend: any KernelBackend
    private let threads: Int

    public init(
        _ network: Network, _ settings: QuantizationFile, modules: Modules = .builtin, backend: any KernelBackend,
        threads: Int = 1
    ) {
        (self.network, self.settings, self.modules) = (network, settings, modules)
        (self.backend, self.threads) = (backend, threads)
    }

    /// What came of it.
    public struct Result: Sendable {
        /// The network with integers.
        public let network: Network
        public let quantized: NetworkQuantizer.Result
        public var report: QuantizationReport
    }

    private var options: CompileOptions { CompileOptions(threads: threads) }

    /// Quantizes with the samples of the settings.
    ///
    /// - Throws: `invalidArgument` without samples, `notFound` for a method or layer that there is not.
    public func run() throws -> Result {
        guard let path = settings.samples else {
            throw TesseraError(.invalidArgument, "expected samples to calibrate with, found none")
        }
        let samples = CalibrationSamples(network: network, path: path, count: settings.count)
        return try run { body in try samples.forEach(body) }
    }

    /// Quantizes with given inputs, each for one inference.
    public func run(_ inputs: [[String: Tensor]]) throws -> Result { try run { try inputs.forEach($0) } }

    private func run(_ forEach: (([String: Tensor]) throws -> Void) throws -> Void) throws -> Result {
        let calibrator = try modules.calibrators.make(settings.method.name, settings.method.options)
        let start = ContinuousClock.now
        var quantizer: NetworkQuantizer?
        try forEach { inputs in
            if quantizer == nil {
                quantizer = try NetworkQuantizer(
                    network, inputs: inputs.mapValues(\.shape), settings: settings.quantization, backend: backend,
                    options: options)
            }
            try quantizer?.observe(inputs)
        }
        guard let quantizer else {
            throw TesseraError(.invalidArgument, "expected samples to calibrate with, found none")
        }
        let calibrated = ContinuousClock.now
        let sensitivities =
            settings.sensitivity || settings.floatPart > 0 ? try quantizer.sensitivities(calibrator) : []
        let layers = quantizer.layers(keeping: settings.floatPart, of: sensitivities)
        let quantized = try quantizer.quantized(with: calibrator, layers: layers)
        var report = QuantizationReport(
            network: network.name, settings: settings, quantizer: quantizer, result: quantized,
            sensitivities: sensitivities)
        report.calibration_seconds = (calibrated - start).milliseconds / 1000
        let comparison = try quantizer.comparison(of: quantized.network)
        (report.output_sqnr_db, report.agreement) = (QuantizationReport.finite(comparison.ratio), comparison.agreement)
        if let path = settings.evaluate {
            report.accuracy_before = try accuracy(of: network.folded(), on: path)
            report.accuracy_after = try accuracy(of: quantized.network, on: path)
        }
        return Result(network: quantized.network, quantized: quantized, report: report)
    }

    /// The part of labelled samples whose class has the largest output.
    private func accuracy(of network: Network, on path: String) throws -> Double {
        var sessions: [Int: StagedSession] = [:]
        var (right, count) = (0, 0)
        try SampleReader(network).forEachBatch(path, count: .max, size: 100) { batch in
            guard let labels = batch.expected else {
                throw TesseraError(.invalidArgument, "expected samples with labels in '\(path)'")
            }
            let session =
                try sessions[batch.count]
                ?? network.session(
                    inputs: batch.inputs.mapValues(\.shape), backend: backend, options: options, fold: false)
            sessions[batch.count] = session
            let outputs = try session.run(batch.inputs)
            guard outputs.count == 1, let output = outputs.first?.value else {
                throw TesseraError(
                    .notSupported, "accuracy is that of networks with one output, found \(outputs.count)")
            }
            right += try output.correctClasses(labels)
            count += batch.count
        }
        return Double(right) / Double(max(1, count))
    }
}

extension Network {
    /// The network with integers of 8 bits, whose ranges are those of one inference: to measure speed with.
    ///
    /// A network that has integers already stays as it is.
    public func quantizedOnTheFly(
        _ inputs: [String: Tensor], backend: any KernelBackend, threads: Int
    ) throws -> Network {
        if graph.nodes.contains(where: { $0.op is Quantize }) { return self }
        var settings = QuantizationFile()
        settings.quantization.correctsBias = false
        return try NetworkQuantization(self, settings, backend: backend, threads: threads).run([inputs]).network
    }
}
