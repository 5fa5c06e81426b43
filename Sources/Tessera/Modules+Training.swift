import Foundation
import TesseraCore
import TesseraNetwork
import TesseraQuantization
import TesseraRuntime
import TesseraTraining

extension Modules {
    /// A training as a file says, ready to run.
    ///
    /// - Parameter backend: the name of the kernel backend.
    /// - Throws: `notSupported` for a backend that does not train, and what is wrong with the file, the network or the pictures.
    public func training(_ file: TrainingFile, backend: String = Modules.defaultBackend) throws -> Training {
        try training(
            file, of: loading(plugins: file.plugins).loader.load(file.network, weights: file.weights),
            backend: backends.make(backend), threads: ProcessInfo.processInfo.activeProcessorCount)
    }

    /// The same for a network that is at hand, whatever the file names.
    ///
    /// - Parameter threads: those of the kernels, unless the file says.
    public func training(
        _ file: TrainingFile, of network: Network, backend: any KernelBackend, threads: Int
    ) throws -> Training {
        let modules = try loading(plugins: file.plugins)
        let threads = file.threads ?? threads
        let form = file.quantization.map { declaration in
            { (samples: [Tensor]) throws -> any TrainingForm in
                try QuantizationAwareNetwork(
                    network, declaration,
                    quantizer: modules.fakeQuantizers.make(declaration.method.name, declaration.method.options),
                    samples: samples,
                    seed: file.seed, backend: backend, threads: threads)
            }
        }
        return try Training(
            file, network: network, backend: trainer(of: backend), threads: threads,
            teacher: { try modules.teacher($0, shape: $1, backend: backend, threads: threads) }, form: form)
    }

    private func teacher(
        _ teacher: DistillationDeclaration, shape: Shape, backend: any KernelBackend, threads: Int
    ) throws -> any CompiledNetwork {
        let network = try loader.load(teacher.network, weights: teacher.weights.map { .file($0) }).folded()
        guard let input = network.graph.inputs.first else {
            throw TesseraError(.invalidArgument, "expected a teacher of one input, found none")
        }
        return try backend.compile(
            network.bound(inputs: [input.name: shape]), options: CompileOptions(threads: threads))
    }

    /// What trains with the kernels of a backend.
    ///
    /// - Throws: `notSupported` for one that does not train.
    public func trainer(of backend: any KernelBackend) throws -> any TrainingBackend {
        switch backend {
        case let own as any TrainingBackend: return own
        case is ReferenceBackend: return ReferenceTrainingBackend()
        default: throw TesseraError(.notSupported, "the kernel backend '\(backend.name)' does not train")
        }
    }
}
