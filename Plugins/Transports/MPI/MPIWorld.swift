#if MPI
    import CMPI
    import Foundation
    import Synchronization
    import TesseraCluster
    import TesseraCore

    /// The thread on which this process talks to the others of its job: MPI is called nowhere else.
    ///
    /// `@unchecked Sendable`: what is not under the lock is touched on that thread only, or before it goes on to `work`.
    final class MPIWorld: @unchecked Sendable {
        /// A frame to send.
        struct Parcel: Sendable {
            let frame: Frame
            /// Nil for all others.
            let receiver: Int?
            /// Called once the receivers have begun to take it.
            let onTaken: @Sendable () -> Void
        }

        /// What arrives: a frame, or the reason why a peer cannot be understood.
        typealias Receive = @Sendable (_ frame: Result<Frame, any Error>, _ sender: Int) -> Void

        /// Memory that MPI reads or writes until its requests are done.
        private struct Transfer {
            let memory: UnsafeMutableRawBufferPointer
            var requests: [OpaquePointer]
            let onDone: () -> Void
        }

        private struct State {
            var parcels: [Parcel] = []
            var isClosing = false
            var hasEnded = false
            var waiters: [CheckedContinuation<Void, Never>] = []
        }

        /// Bytes of what every process tells about itself.
        private static let introduction = 4096
        /// A message begins with its length; this bit says that it comes as a broadcast.
        private static let broadcastBit: UInt64 = 1 << 63
        /// Broadcasts of fewer bytes go to each process by itself: they share no work worth the announcement.
        private static let smallest = 64 << 10

        private let world: OpaquePointer
        let rank: Int
        let size: Int
        private let limits: FrameLimits
        private let state = Mutex(State())
        private var transfers: [Transfer] = []
        /// Ranks of which a message is on its way in: the next one waits.
        private var receiving: Set<Int> = []
        private var departed: Set<Int> = []

        private init(world: OpaquePointer, rank: Int, size: Int, limits: FrameLimits) {
            (self.world, self.rank, self.size, self.limits) = (world, rank, size, limits)
        }

        /// Joins the other processes, and exchanges what each says about itself.
        ///
        /// - Parameters:
        ///   - introduce: what this process says, by its rank.
        ///   - mayReceive: whether there is room for what another sends.
        /// - Throws: `notSupported` if this process did so before.
        static func join(
            limits: FrameLimits, introduce: @escaping @Sendable (Int) throws -> Data,
            mayReceive: @escaping @Sendable (Int) -> Bool
        ) async throws -> (world: MPIWorld, introductions: [Data], run: @Sendable (@escaping Receive) -> Void) {
            let start = Start()
            let (stream, opened) = AsyncThrowingStream<(MPIWorld, [Data]), any Error>.makeStream()
            let thread = Thread {
                do {
                    let (world, introductions) = try open(limits, introduce)
                    opened.yield((world, introductions))
                    opened.finish()
                    world.work(start.wait(), mayReceive)
                } catch {
                    opened.finish(throwing: error)
                }
            }
            thread.name = "mpi"
            thread.start()
            for try await (world, introductions) in stream {
                return (world, introductions, { receive in start.begin(receive) })
            }
            throw TesseraError(.notSupported, "MPI did not start")
        }

        /// Hands the thread what takes frames, when that is there.
        private final class Start: Sendable {
            private let receive = Mutex<Receive?>(nil)
            private let semaphore = DispatchSemaphore(value: 0)

            func begin(_ receive: @escaping Receive) {
                self.receive.withLock { $0 = receive }
                semaphore.signal()
            }

            func wait() -> Receive {
                semaphore.wait()
                let receive = receive.withLock { receive -> Receive? in receive }
                guard let receive else { return { _, _ in } }
                return receive
            }
        }

        private static func open(_ limits: FrameLimits, _ introduce: (Int) throws -> Data) throws -> (MPIWorld, [Data])
        {
            var (rank, size): (Int32, Int32) = (0, 0)
            guard let handle = cmpi_open(&rank, &size) else {
                throw TesseraError(.notSupported, "a process can take part in MPI only once")
            }
            let world = MPIWorld(world: handle, rank: Int(rank), size: Int(size), limits: limits)
            var own = try introduce(Int(rank))
            guard own.count <= introduction else {
                throw TesseraError(
                    .limitExceeded,
                    "expected at most \(introduction) bytes that a node says about itself, found \(own.count)")
            }
            // JSON ends where blanks begin.
            own += Data(repeating: UInt8(ascii: " "), count: introduction - own.count)
            var all = [UInt8](repeating: 0, count: introduction * Int(size))
            all.withUnsafeMutableBytes { target in
                own.withUnsafeBytes { cmpi_gather(handle, $0.baseAddress, Int32(introduction), target.baseAddress) }
            }
            return (world, (0..<Int(size)).map { Data(all[($0 * introduction)..<(($0 + 1) * introduction)]) })
        }

        // MARK: From other threads

        func send(_ parcel: Parcel) {
            state.withLock { $0.parcels.append(parcel) }
        }

        /// Sends what is queued, and waits until all processes have left.
        func close() async {
            await withCheckedContinuation { continuation in
                let hasEnded = state.withLock { state in
                    state.isClosing = true
                    if !state.hasEnded { state.waiters.append(continuation) }
                    return state.hasEnded
                }
                if hasEnded { continuation.resume() }
            }
        }

        // MARK: On the thread

        private func work(_ receive: @escaping Receive, _ mayReceive: (Int) -> Bool) {
            var idleRounds = 0
            while true {
                var isBusy = false
                let (parcels, isClosing) = state.withLock { state in
                    defer { state.parcels = [] }
                    return (state.parcels, state.isClosing)
                }
                for parcel in parcels {
                    dispatch(parcel)
                    isBusy = true
                }
                for sender in 0..<size where sender != rank && !receiving.contains(sender) && !departed.contains(sender)
                {
                    // Whoever leaves reads no more, and waits for what the others say last.
                    if isClosing || mayReceive(sender), accept(from: sender, receive) { isBusy = true }
                }
                let before = transfers.count
                for index in transfers.indices { transfers[index].requests.removeAll { cmpi_is_done($0) } }
                let done = transfers.filter(\.requests.isEmpty)
                transfers.removeAll(where: \.requests.isEmpty)
                for transfer in done {
                    transfer.onDone()
                    transfer.memory.deallocate()
                }
                if before != transfers.count { isBusy = true }
                if isClosing, parcels.isEmpty, transfers.isEmpty, departed.count == size - 1 { break }
                // MPI has nothing to wait for that another thread could end, so it is asked, at first often and then less so. What is
                // under way goes on only while it is asked.
                idleRounds = isBusy ? 0 : idleRounds + 1
                if idleRounds > 100 { usleep(idleRounds > 2000 && transfers.isEmpty ? 1000 : 20) }
            }
            cmpi_close(world)
            let waiters = state.withLock { state in
                state.hasEnded = true
                return state.waiters
            }
            for waiter in waiters { waiter.resume() }
        }

        /// Posts what sends a frame.
        private func dispatch(_ parcel: Parcel) {
            let frame = parcel.frame
            // What has no head is too large, which was checked before.
            guard let head = try? frame.head() else { return parcel.onTaken() }
            let byteCount = frame.message.payload.reduce(head.count) { $0 + $1.count }
            // Those that have taken leave wait for all others to do so.
            let isForAll = frame.type == .goodbye
            let receivers =
                parcel.receiver.map { [$0] }
                ?? (0..<size).filter { $0 != rank && (isForAll || !departed.contains($0)) }
            let isBroadcast = parcel.receiver == nil && byteCount >= Self.smallest && departed.isEmpty
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 8 + byteCount, alignment: 16)
            memory.storeBytes(
                of: UInt64(byteCount) | (isBroadcast ? Self.broadcastBit : 0), toByteOffset: 0, as: UInt64.self)
            var offset = 8
            func append(_ bytes: UnsafeRawBufferPointer) {
                UnsafeMutableRawBufferPointer(rebasing: memory[offset...]).copyMemory(from: bytes)
                offset += bytes.count
            }
            head.withUnsafeBytes(append)
            for blob in frame.message.payload { blob.withUnsafeBytes(append) }
            var requests: [OpaquePointer] = []
            for receiver in receivers {
                requests += chunks(isBroadcast ? 8 : memory.count).compactMap {
                    cmpi_send(world, Int32(receiver), memory.baseAddress?.advanced(by: $0.lowerBound), $0.count)
                }
            }
            if isBroadcast {
                requests += chunks(byteCount).compactMap {
                    cmpi_broadcast(
                        world, Int32(rank), memory.baseAddress?.advanced(by: 8 + $0.lowerBound), $0.count)
                }
            }
            transfers.append(Transfer(memory: memory, requests: requests, onDone: parcel.onTaken))
        }

        private func chunks(_ byteCount: Int) -> [Range<Int>] {
            stride(from: 0, to: byteCount, by: CMPI_CHUNK).map { $0..<min(byteCount, $0 + CMPI_CHUNK) }
        }

        /// Takes the beginning of a message if it is there.
        private func accept(from sender: Int, _ receive: @escaping Receive) -> Bool {
            var count = 0
            guard cmpi_probe(world, Int32(sender), &count) else { return false }
            let first = UnsafeMutableRawBufferPointer.allocate(byteCount: max(8, count), alignment: 16)
            guard let request = cmpi_receive(world, Int32(sender), first.baseAddress, count) else {
                first.deallocate()
                return false
            }
            receiving.insert(sender)
            transfers.append(
                Transfer(memory: first, requests: [request]) { [self] in proceed(first, count, from: sender, receive) })
            return true
        }

        /// Goes on with a message whose first chunk is there.
        private func proceed(
            _ first: UnsafeMutableRawBufferPointer, _ count: Int, from sender: Int, _ receive: @escaping Receive
        ) {
            let word = count >= 8 ? first.load(as: UInt64.self) : 0
            let byteCount = Int(word & ~Self.broadcastBit)
            let isBroadcast = word & Self.broadcastBit != 0
            guard count >= 8, byteCount <= limits.frame, count - 8 <= byteCount else {
                // Nothing that follows could be understood.
                receiving.remove(sender)
                departed.insert(sender)
                return receive(
                    .failure(
                        TesseraError(
                            .protocolViolation,
                            "expected a message of at most \(limits.frame) bytes, found \(byteCount)")),
                    sender)
            }
            let rest = isBroadcast ? 0..<byteCount : (count - 8)..<byteCount
            guard !rest.isEmpty else {
                return finish(UnsafeRawBufferPointer(rebasing: first[8..<(8 + byteCount)]), from: sender, receive)
            }
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 16)
            memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: first[8..<(8 + rest.lowerBound)]))
            let requests = chunks(rest.count).compactMap { chunk in
                let target = memory.baseAddress?.advanced(by: rest.lowerBound + chunk.lowerBound)
                return isBroadcast
                    ? cmpi_broadcast(world, Int32(sender), target, chunk.count)
                    : cmpi_receive(world, Int32(sender), target, chunk.count)
            }
            transfers.append(
                Transfer(memory: memory, requests: requests) { [self] in
                    finish(UnsafeRawBufferPointer(memory), from: sender, receive)
                })
        }

        private func finish(_ bytes: UnsafeRawBufferPointer, from sender: Int, _ receive: Receive) {
            receiving.remove(sender)
            let frame = Result { () throws -> Frame in
                var parser = FrameParser(limits: limits)
                var bytes = bytes
                guard let frame = try parser.next(from: &bytes), bytes.isEmpty else {
                    throw TesseraError(.protocolViolation, "expected one whole frame in a message")
                }
                return frame
            }
            if case .success(let frame) = frame, frame.type == .goodbye { departed.insert(sender) }
            receive(frame, sender)
        }
    }
#endif
