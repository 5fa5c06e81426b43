import TesseraCore
import TesseraPartition
import TesseraRuntime

extension Plan {
    /// Runs every tile as the network of its own that it is, stitches stage by stage, then runs what is left: what a cluster
    /// does, without the cluster.
    public func run(
        _ inputs: [String: Tensor], backend: any KernelBackend, options: CompileOptions = CompileOptions()
    ) throws -> [String: Tensor] {
        var values = inputs
        let names = graph.graph.values.map(\.name)
        for stage in stages {
            var map = try Tensor(zeros: graph.shapes[stage.output], elementType: graph.elementTypes[stage.output])
            for tile in stage.tiles {
                var pieces: [String: Tensor] = [:]
                for input in tile.inputs {
                    guard let whole = values[names[input.value]] else {
                        throw TesseraError(
                            .notFound, "a tile of '\(names[stage.output])' reads '\(names[input.value])' too early")
                    }
                    pieces[names[input.value]] = try whole.cropped(to: input.region)
                }
                let session = try Session(tile.network(in: graph), backend: backend, options: options)
                guard let result = try session.run(pieces)[names[stage.output]] else {
                    throw TesseraError(.notFound, "a tile made no '\(names[stage.output])'")
                }
                try map.paste(result, at: tile.region)
            }
            values[names[stage.output]] = map
        }
        let rest = try remainingNetwork()
        var read: [String: Tensor] = [:]
        for input in rest.graph.inputs { read[input.name] = values[input.name] }
        return try Session(rest, backend: backend, options: options).run(read)
    }
}
