import CTesseraPlugin
import Foundation
import TesseraCluster
import TesseraCore

/// What the library reports of its links, on threads of its own, and what is sent on them.
extension PluginTransport {
    private static let redundant = "redundant"

    func opened(_ id: UInt64, isDialed: Bool) {
        let link = PluginLink(id: id, isDialed: isDialed)
        let (isWelcome, namesake) = state.withLock { state in
            guard !state.isClosing, state.links[id] == nil else { return (false, state.links[id]) }
            state.links[id] = link
            if isDialed { state.dialed[id] = link }
            state.threads += 1
            return (true, nil)
        }
        if let namesake {
            return drop(namesake, TesseraError(.backendFailure, "'\(name)' opened link \(id) twice"))
        }
        // On the library's own thread, which `stop` waits for.
        guard isWelcome else { return endpoint.hangUp(id) }
        limitHandshake(of: link)
        if isDialed { introduce(to: link) }
        Thread.detachNewThread { self.serve(link) }
    }

    /// Ends a link whose peer does not say who it is.
    private func limitHandshake(of link: PluginLink) {
        let limit = Task { [weak self] in
            try await Task.sleep(for: .seconds(Self.patience))
            if case .established = link.phase.withLock({ $0 }) { return }
            self?.drop(
                link, TesseraError(.nodeFailure, "the peer did not introduce itself within \(Self.patience) s"))
        }
        link.handshake.withLock { $0 = limit }
    }

    private func introduce(to link: PluginLink) {
        do {
            link.send(Frame(.hello, try Message(kind: "", body: information)))
        } catch {
            drop(link, TesseraError(.nodeFailure, "'\(localPeer)' cannot introduce itself", cause: error))
        }
    }

    /// Sends what is queued, until the link ends.
    private func serve(_ link: PluginLink) {
        while let work = link.work.next() {
            switch work {
            case .send(let frame, let byteCount):
                do {
                    try send(frame, on: link)
                    link.window.release(byteCount)
                } catch {
                    link.work.finish(dropping: true)
                    release(link, reason: lost(link, "\((error as? TesseraError)?.message ?? "\(error)")"))
                }
            case .hangUp: endpoint.hangUp(link.id)
            }
        }
        endpoint.hangUp(link.id)
        link.endService()
        let continuation = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.threads -= 1
            guard state.threads == 0 else { return nil }
            defer { state.onLastThread = nil }
            return state.onLastThread
        }
        continuation?.resume()
    }

    private func send(_ frame: Frame, on link: PluginLink) throws {
        let head = try frame.head()
        try head.withUnsafeBytes { bytes in
            try withBlobs(frame.message.payload[...], [tessera_bytes(data: bytes.baseAddress, count: bytes.count)]) {
                try endpoint.send($0, on: link.id)
            }
        }
    }

    /// Runs `body` with the bytes of all blobs after other pieces.
    private func withBlobs(
        _ blobs: ArraySlice<Blob>, _ pieces: [tessera_bytes], _ body: ([tessera_bytes]) throws -> Void
    ) throws {
        // Few enough at once that their nesting takes little of the thread's stack.
        guard let blob = blobs.first else { return try body(pieces) }
        guard blobs.count <= 256 else {
            let merged = blobs.reduce(into: [UInt8]()) { all, blob in
                blob.withUnsafeBytes { all.append(contentsOf: $0) }
            }
            return try withBlobs([Blob(merged)], pieces, body)
        }
        try blob.withUnsafeBytes {
            try withBlobs(
                blobs.dropFirst(), pieces + [tessera_bytes(data: $0.baseAddress, count: $0.count)], body)
        }
    }

    /// - Returns: `TESSERA_OK`, `TESSERA_PEER_LOST` if the link is of no more use, or `TESSERA_INVALID_ARGUMENT` for what is no
    ///   message.
    func received(_ id: UInt64, _ start: UnsafeRawPointer?, count: Int) -> Int {
        guard let link = state.withLock({ $0.links[id] }) else { return TESSERA_PEER_LOST }
        // A count that does not fit a signed number comes here as one below 0.
        guard count >= 0, start != nil || count == 0 else {
            let found = count < 0 ? "more than memory has" : "null"
            drop(
                link, TesseraError(.backendFailure, "expected '\(name)' to give the bytes of a message, found \(found)")
            )
            return TESSERA_INVALID_ARGUMENT
        }
        do {
            let frame = try frame(in: UnsafeRawBufferPointer(start: start, count: count), on: link)
            if try take(frame, on: link) { return TESSERA_OK }
        } catch {
            let reason = error as? TesseraError ?? TesseraError(.protocolViolation, "\(error)")
            link.send(Frame(refusing: reason))
            drop(link, reason)
        }
        link.waitForService()
        return TESSERA_PEER_LOST
    }

    private func frame(in bytes: UnsafeRawBufferPointer, on link: PluginLink) throws -> Frame {
        let isKnown = if case .established = link.phase.withLock({ $0 }) { true } else { false }
        var parser = FrameParser(limits: isKnown ? limits : .handshake)
        var rest = bytes
        guard let frame = try parser.next(from: &rest), rest.isEmpty else {
            throw TesseraError(.protocolViolation, "expected a whole frame in a message, found \(bytes.count) bytes")
        }
        return frame
    }

    private func take(_ frame: Frame, on link: PluginLink) throws -> Bool {
        switch (frame.type, link.phase.withLock { $0 }) {
        case (.message, .established(let peer)):
            let byteCount = frame.message.byteCount
            guard link.unread.admit(byteCount) else { return false }
            queue.push(.received(frame.message, from: peer.peer)) { link.unread.release(byteCount) }
        case (.hello, .awaitingHello): return try meet(try frame.message.decode(PeerInformation.self), on: link)
        case (.ready, .met(let peer)) where !link.isDialed: return establish(peer, on: link)
        case (.goodbye, _):
            link.hangUp()
            release(link, reason: nil)
            return false
        case (.refusal, _):
            beRefused(frame, on: link)
            return false
        case (_, .closed): return false
        case (let type, _): throw TesseraError(.protocolViolation, "expected no '\(type)' frame here, found one")
        }
        return true
    }

    /// The peer has said who it is: answers it, or refuses it.
    private func meet(_ peer: PeerInformation, on link: PluginLink) throws -> Bool {
        try peer.validate()
        try information.requireSameBuild(as: peer)
        let verdict = state.withLock { state -> PeerTable<PluginLink>.Verdict? in
            // It may have ended since its hello came, and nobody would give the name back.
            guard state.links[link.id] === link else { return nil }
            let verdict = state.table.claim(peer, dialer: link.isDialed ? localPeer : peer.peer, connection: link)
            // Under the lock, so that a link that goes down from here on gives the name back.
            if case .granted = verdict { link.phase.withLock { $0 = .met(peer) } }
            return verdict
        }
        switch verdict {
        case nil: return false
        case .granted(let superseded):
            if let superseded { dismiss(superseded, for: peer.peer) }
            if link.isDialed { return establish(peer, on: link) }
            introduce(to: link)
            return true
        case .redundant:
            dismiss(link, for: peer.peer)
            return false
        case .refused(let error): throw error
        }
    }

    /// Both sides have agreed: messages may flow.
    private func establish(_ peer: PeerInformation, on link: PluginLink) -> Bool {
        let isEstablished = state.withLock { state in
            guard !state.isClosing, state.links[link.id] === link,
                state.table.establish(peer.peer, connection: link)
            else { return false }
            link.phase.withLock { $0 = .established(peer) }
            // Not before the name is certain: the other end establishes the peer by it. And before anything that is sent, for which the
            // peer has to be found in the table.
            if link.isDialed { link.send(Frame(.ready)) }
            // Under the lock, so that whoever finds the peer in the table can rely on the event.
            queue.push(.appeared(peer.peer, peer))
            return true
        }
        guard isEstablished else {
            dismiss(link, for: peer.peer)
            return false
        }
        link.endHandshake()
        link.met.settle(.success(peer.peer))
        return true
    }

    /// Ends a link to a peer that is reached by another one.
    private func dismiss(_ link: PluginLink, for peer: PeerID) {
        // First, so that a link which is down already is not reported as lost.
        forget(link)
        link.send(Frame(.refusal, Message(kind: Self.redundant, encodedBody: Data(localPeer.name.utf8))))
        link.hangUp()
        follow(peer, for: link)
    }

    private func beRefused(_ frame: Frame, on link: PluginLink) {
        if frame.message.kind == Self.redundant {
            forget(link)
            link.hangUp()
            return follow(PeerID(String(decoding: frame.message.body, as: UTF8.self)), for: link)
        }
        let refusal = frame.refusal
        drop(link, TesseraError(refusal.code, "the peer closed the connection: \(refusal.message)"))
    }

    /// Lets whoever dialed a link that is not used wait for the one that is.
    private func follow(_ peer: PeerID, for link: PluginLink) {
        Task {
            let deadline = ContinuousClock.now + .seconds(Self.patience)
            while ContinuousClock.now < deadline {
                if state.withLock({ $0.table.established(peer) != nil }) { return link.met.settle(.success(peer)) }
                try await Task.sleep(for: .milliseconds(5))
            }
            link.met.settle(
                .failure(
                    TesseraError(.nodeFailure, "'\(peer)' holds an older connection, which is lost; try again later"))
            )
        }
    }

    /// Ends a link for a reason.
    func drop(_ link: PluginLink, _ reason: TesseraError) {
        link.hangUp()
        release(link, reason: reason)
    }

    func closed(_ id: UInt64, reason: String?) {
        guard let link = state.withLock({ $0.links[id] }) else { return }
        link.work.finish(dropping: true)
        release(link, reason: lost(link, reason ?? "the other end closed it"))
    }

    private func lost(_ link: PluginLink, _ why: String) -> TesseraError {
        guard case .established(let peer) = link.phase.withLock({ $0 }) else {
            return TesseraError(.nodeFailure, "the link is down: \(why)")
        }
        return TesseraError(.nodeFailure, "the connection to '\(peer.peer)' was lost: \(why)")
    }

    private func forget(_ link: PluginLink) {
        state.withLock { state in
            state.links[link.id] = nil
            let phase = link.phase.withLock { phase in
                defer { phase = .closed }
                return phase
            }
            if case .met(let peer) = phase { _ = state.table.release(peer.peer, connection: link) }
        }
        link.endHandshake()
        link.unread.finish()
    }

    /// Takes a link out of the table, and reports the peer's departure if it was known by this link.
    func release(_ link: PluginLink, reason: TesseraError?) {
        let isOpen = state.withLock { state in
            state.links[link.id] = nil
            let phase = link.phase.withLock { phase in
                defer { phase = .closed }
                return phase
            }
            switch phase {
            case .established(let peer):
                guard state.table.release(peer.peer, connection: link) else { break }
                queue.push(.left(peer.peer, reason: state.isClosing ? nil : reason))
            case .met(let peer): _ = state.table.release(peer.peer, connection: link)
            case .awaitingHello: break
            case .closed: return false
            }
            return true
        }
        // Whoever dialed a link that is not used waits for the one that is.
        guard isOpen else { return }
        link.fail(reason ?? TesseraError(.nodeFailure, "the peer has left"))
    }
}
