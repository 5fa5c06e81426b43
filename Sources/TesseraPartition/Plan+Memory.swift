import TesseraCore

extension Plan {
    /// What every node needs for its tiles, see `CostModel.tileMemory`: without the layers that are left to the leader.
    public var memory: [MemoryUse] {
        CostModel(graph, on: ClusterProfile(equalNodes: nodeCount)).tileMemory(of: self)
    }
}
