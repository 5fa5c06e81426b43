import Testing
import TesseraCluster
import TesseraCore
import TransportTCP

@Suite struct TCPTransportTests {
    @Test(arguments: TransportConformance.Check.allCases)
    func conforms(_ check: TransportConformance.Check) async throws {
        try await TransportConformance { count in
            var peers: [TCPTransport] = []
            for index in 0..<count {
                let options = TransportOptions(
                    information: PeerInformation(peer: PeerID("p\(index)")), listen: "127.0.0.1:0",
                    peers: peers.compactMap(\.listenAddress))
                peers.append(try await TCPTransport.start(options, settings: .patient))
            }
            // A dialer is connected as soon as it has the other's answer, the other a moment later.
            while peers.contains(where: { $0.peers.count < count - 1 }) { try await Task.sleep(for: .milliseconds(2)) }
            let started = peers
            return TransportConformance.Network(peers: started) { await started[$0].abort() }
        }.run(check)
    }

    private func start(_ name: PeerID, listen: String? = nil, peers: [String] = []) async throws -> TCPTransport {
        try await TCPTransport.start(
            TransportOptions(information: PeerInformation(peer: name), listen: listen, peers: peers),
            settings: .patient)
    }

    @Test(arguments: [
        ("192.0.2.1:80", TesseraError.Code.notSupported, "certificates"), ("0.0.0.0:80", .notSupported, "certificates"),
        ("[::]:80", .notSupported, "certificates"), ("[2001:db8::1]:80", .notSupported, "certificates"),
        ("no such host.invalid:80", .notFound, "no such host.invalid:80"), ("127.0.0.1", .invalidArgument, "host:port"),
        ("127.0.0.1:x", .invalidArgument, "host:port"), ("127.0.0.1:65536", .invalidArgument, "host:port"),
        ("::1:80", .invalidArgument, "brackets"), ("", .invalidArgument, "host:port"),
    ])
    func anAddressThatCannotBeIsRefused(_ address: String, _ code: TesseraError.Code, _ text: String) async throws {
        for options in [(listen: address, peers: []), (listen: nil, peers: [address])]
            as [(listen: String?, peers: [String])]
        {
            let error = await #expect(throws: TesseraError.self) {
                try await start("a", listen: options.listen, peers: options.peers)
            }
            #expect(error?.code == code)
            #expect(error?.description.contains(text) == true, "\(String(describing: error))")
        }
    }

    @Test func nobodyListening() async throws {
        let closed = try await start("a", listen: "127.0.0.1:0")
        let address = try #require(closed.listenAddress)
        await closed.close()
        let error = await #expect(throws: TesseraError.self) { try await start("b", peers: [address]) }
        #expect(error?.code == .nodeFailure)
        #expect(error?.message == "cannot connect to '\(address)': nobody listens there (connection refused)")
    }

    @Test func aPortInUse() async throws {
        let a = try await start("a", listen: "127.0.0.1:0")
        let address = try #require(a.listenAddress)
        let error = await #expect(throws: TesseraError.self) { try await start("b", listen: address) }
        #expect(error?.message == "cannot listen on '\(address)': the address is in use")
        await a.close()
        let again = try await start("a", listen: address)
        await again.close()
    }

    @Test func localhostIsLoopback() async throws {
        let a = try await start("a", listen: "localhost:0")
        let port = try #require(a.listenAddress?.split(separator: ":").last)
        let b = try await start("b", peers: ["localhost:\(port)"])
        #expect(b.peers == [a.information])
        await a.close()
        await b.close()
    }

    @Test func aDoubledNameIsRefusedOnBothSides() async throws {
        let a = try await start("a", listen: "127.0.0.1:0")
        let address = try #require(a.listenAddress)
        let b = try await start("b", peers: [address])
        let doubled = await #expect(throws: TesseraError.self) { try await start("b", peers: [address]) }
        #expect(doubled?.message.contains("another peer named 'b' is connected to 'a' already") == true)
        let same = await #expect(throws: TesseraError.self) { try await start("a", peers: [address]) }
        #expect(same?.message.contains("its name is 'a' too") == true)
        let itself = await #expect(throws: TesseraError.self) { try await a.connect(to: address) }
        #expect(itself?.message.contains("the address is that of 'a' itself") == true)
        #expect(a.peers == [b.information])
        await a.close()
        await b.close()
    }

    @Test func dialingAPeerThatIsConnectedFindsIt() async throws {
        let a = try await start("a", listen: "127.0.0.1:0")
        let b = try await start("b", listen: "127.0.0.1:0", peers: [try #require(a.listenAddress)])
        #expect(try await b.connect(to: try #require(a.listenAddress)) == "a")
        #expect(try await a.connect(to: try #require(b.listenAddress)) == "b")
        await a.close()
        await b.close()
    }

    /// Peers that dial each other at the same time must end with one connection, and the same one.
    @Test func simultaneousDialsLeaveOneConnection() async throws {
        for _ in 0..<50 {
            let a = try await start("a", listen: "127.0.0.1:0")
            let b = try await start("b", listen: "127.0.0.1:0")
            let (addressOfA, addressOfB) = (try #require(a.listenAddress), try #require(b.listenAddress))
            async let x = a.connect(to: addressOfB)
            async let y = b.connect(to: addressOfA)
            #expect(try await x == "b")
            #expect(try await y == "a")
            try await a.send(Message(kind: "from a"), to: "b")
            try await b.send(Message(kind: "from b"), to: "a")
            await a.close()
            var kinds: [String] = []
            for await event in a.events {
                switch event {
                case .appeared: kinds.append("appeared")
                case .left: kinds.append("left")
                case .received: break
                }
            }
            #expect(kinds == ["appeared", "left"])
            await b.close()
        }
    }

    @Test func settingsAreChecked() throws {
        let registry = Registry(kind: "transport", [TCPTransportFactory.module])
        _ = try registry.make("tcp", .map([("heartbeat", .init(.number(0.1)))]))
        for (key, value) in [("heartbeat", 0), ("silence", 0.15), ("frame_limit", 1), ("hearbeat", 1)]
            as [(String, Double)]
        {
            #expect(throws: TesseraError.self) { try registry.make("tcp", .map([(key, .init(.number(value)))])) }
        }
    }
}
