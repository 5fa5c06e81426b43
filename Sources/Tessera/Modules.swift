import PartitionStrategies
import SaliencyMetrics
import TesseraCluster
import TesseraCompression
import TesseraCore
import TesseraNetwork
import TesseraONNX
import TesseraOneDNN
import TesseraOperators
import TesseraPartition
import TesseraPruning
import TesseraQuantization
import TesseraRuntime
import TesseraTraining
import TransportMulticast
import TransportTCP
import WeightCodecs

#if MPI
    import TransportMPI
#endif

/// Everything that is looked up by name. A value: a script that registers a strategy changes its own copy.
public struct Modules: Sendable {
    public var operators: Registry<any Operator>
    public var backends: Registry<any KernelBackend>
    public var strategies: Registry<any PartitionStrategy>
    public var transports: Registry<any TransportFactory>
    public var saliencyMetrics: Registry<any SaliencyMetric> = .builtin
    public var pruningAmounts: Registry<any AmountRule> = .builtin
    public var calibrators: Registry<any Calibrator> = .builtin
    public var fakeQuantizers: Registry<any FakeQuantizer> = .builtin
    public var weightCodecs: Registry<any WeightCodec> = .builtin
    public var weightLayouts: Registry<any WeightLayout> = .builtin
    /// What loads plugins, by the extensions of their files.
    public var pluginLoaders: [any PluginLoader] = [SharedLibraryLoader()]
    /// The files of the plugins that are loaded.
    public internal(set) var plugins: [String] = []
    /// What reads networks of other formats.
    public var importers: [any NetworkImporter] = [ONNXImporter()]

    /// Reads network files, and those of other formats.
    public var loader: NetworkLoader {
        NetworkLoader(
            operators: operators, importers: importers,
            weightFormats: [CompressedWeightFormat(codecs: weightCodecs, layouts: weightLayouts)])
    }

    /// The modules that Tessera is built with.
    public static var builtin: Modules {
        Modules(
            operators: .builtin,
            backends: Registry(
                kind: "kernel backend",
                [
                    Module(name: "onednn", summary: "oneDNN's kernels for CPUs") { _ in OneDNNBackend() },
                    Module(name: "reference", summary: "readable loops, slow, for comparison") { _ in ReferenceBackend()
                    },
                ]),
            strategies: .builtin,
            transports: Registry(kind: "transport", transports))
    }

    private static var transports: [Module<any TransportFactory>] {
        var modules = [LoopbackTransportFactory.module, MulticastTransportFactory.module, TCPTransportFactory.module]
        #if MPI
            modules.append(MPITransportFactory.module)
        #endif
        return modules
    }

    /// The backend that is used unless another is named.
    public static let defaultBackend = "onednn"
}
