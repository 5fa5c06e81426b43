import TesseraCluster
import TesseraCore
import TesseraRuntime

extension NodeEquipment {
    /// What a node computes with that knows these modules.
    public init(
        _ modules: Modules, options: CompileOptions = CompileOptions(), limits: NodeLimits = NodeLimits(),
        archive: (any WeightArchive)? = nil
    ) throws {
        self.init(
            operators: modules.operators, backend: try modules.backends.make(Modules.defaultBackend),
            options: options, limits: limits, archive: archive,
            decoder: CompressedWeightDecoder())
    }
}
