import Tessera
import TesseraCluster

#if MPI
    import TransportMPI
#endif

/// The processes that run one command together, under `mpirun` or Slurm. One leads, the others are its nodes.
struct MPIJob: Sendable {
    let transport: any Transport
    private let leader: PeerID
    private let equipment: NodeEquipment

    /// Joins the job.
    ///
    /// - Returns: nil unless the transport is `mpi`.
    static func join(_ choice: TransportChoice?, threads: Int?, modules: Modules) async throws -> MPIJob? {
        #if MPI
            guard let choice, choice.kind == "mpi" else { return nil }
            let equipment = try NodeEquipment(modules, options: CompileOptions(threads: threads ?? 1))
            // The transport calls each process by its rank.
            let transport = try await modules.transports.make(choice.kind, choice.settings).start(
                TransportOptions(information: equipment.information(named: "mpi")))
            return MPIJob(
                transport: transport, leader: MPITransport.name(of: 0), equipment: equipment)
        #else
            return nil
        #endif
    }

    var leads: Bool { transport.localPeer == leader }

    /// Works for the leader until that has left.
    func serve() async {
        let node = await equipment.node(on: transport)
        while transport.peers.contains(where: { $0.peer == leader }) { try? await Task.sleep(for: .milliseconds(20)) }
        await node.close()
    }

    /// Leaves the job, as whoever leads does at the end in any case.
    func leave() async { await transport.close() }
}
