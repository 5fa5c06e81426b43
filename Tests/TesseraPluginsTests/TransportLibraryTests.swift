import Foundation
import Synchronization
import Tessera
@testable import TesseraCluster
import TesseraTestSupport
import Testing

/// What becomes of transports of libraries that are used at the wrong time, or misbehave.
@Suite struct TransportLibraryTests {
    /// A transport without a network, which counts calls that come when none may come.
    private static let ledger = """
        #define _POSIX_C_SOURCE 200809L
        #include <tessera_plugin.h>
        #include <time.h>
        TESSERA_EXPORT volatile int violations = 0, stops = 0, dials = 0, calls = 0;
        TESSERA_EXPORT volatile int first_status = -1, second_status = -1;
        static const tessera_host *host;
        static tessera_network *network;
        static tessera_status start(const tessera_options *options, const tessera_endpoint *endpoint,
                                    tessera_network *own, void **transport, tessera_error *error) {
            (void)options, (void)endpoint, (void)error;
            network = own;
            *transport = &violations;
            /* AT START */
            return TESSERA_OK;
        }
        static void enter(void) {
            calls++;
            if (stops > 0) violations++;
        }
        static void leave(void) {
            if (stops > 0) violations++;
            calls--;
        }
        static tessera_status listen_address(void *transport, char *address, size_t capacity, tessera_error *error) {
            (void)transport, (void)error;
            enter();
            snprintf(address, capacity, "somewhere");
            leave();
            return TESSERA_OK;
        }
        static tessera_status dial(void *transport, const char *address, uint64_t *link, tessera_error *error) {
            (void)transport, (void)address, (void)link;
            enter();
            dials++;
            const struct timespec pause = {0, 400 * 1000 * 1000};
            nanosleep(&pause, NULL);
            leave();
            return tessera_fail(error, TESSERA_PEER_LOST, "nobody is there");
        }
        static tessera_status send(void *transport, uint64_t link, const tessera_bytes *pieces, size_t count, tessera_error *error) {
            (void)transport, (void)link, (void)pieces, (void)count, (void)error;
            return TESSERA_OK;
        }
        static void hang_up(void *transport, uint64_t link) {
            (void)transport;
            enter();
            host->link_closed(network, link, NULL);
            leave();
        }
        static void stop(void *transport) {
            (void)transport;
            if (calls > 0) violations++;
            stops++;
        }
        static const tessera_transport table = {
            .size = sizeof(tessera_transport), .kind = TESSERA_TRANSPORT, .start = start, .listen_address = listen_address,
            .dial = dial, .send = send, .hang_up = hang_up, .stop = stop};
        static tessera_status register_module(const tessera_host *own_host, const void **functions, tessera_error *error) {
            (void)error;
            host = own_host;
            *functions = &table;
            return TESSERA_OK;
        }
        static const tessera_descriptor descriptor = {
            .magic = TESSERA_PLUGIN_MAGIC, .abi_major = TESSERA_ABI_MAJOR, .abi_minor = TESSERA_ABI_MINOR,
            .size = sizeof(tessera_descriptor), .kind = TESSERA_TRANSPORT, .name = "ledger", .summary = "nothing", .version = "1",
            .register_module = register_module};
        TESSERA_EXPORT const tessera_descriptor *tessera_plugin(void) { return &descriptor; }
        """

    private struct Ledger {
        let factory: any TransportFactory
        private let handle: UInt
        private let folder: TemporaryFolder

        init(atStart: String = "") throws {
            folder = try TemporaryFolder()
            let source = TransportLibraryTests.ledger.replacingOccurrences(of: "/* AT START */", with: atStart)
            let library = try SampleLibrary.c(source, in: folder)
            factory = try Modules.builtin.loading(plugins: [library]).transports.make("ledger")
            handle = UInt(bitPattern: dlopen(library, RTLD_NOW))
        }

        func start() async throws -> any ListeningTransport {
            let options = TransportOptions(
                information: PeerInformation(peer: "p0"), listen: "somewhere", peers: [])
            return try #require(try await factory.start(options) as? any ListeningTransport)
        }

        /// What the library counts under a name.
        func count(_ name: String) throws -> Int32 {
            let symbol = try #require(dlsym(UnsafeMutableRawPointer(bitPattern: handle), name))
            return symbol.load(as: Int32.self)
        }
    }

    @Test("after it is closed, a transport is not called any more, and a dial that is under way ends before")
    func closed() async throws {
        let ledger = try Ledger()
        let transport = try await ledger.start()
        #expect(transport.listenAddress == "somewhere")
        let dial = Task { try await transport.connect(to: "nowhere") }
        while try ledger.count("dials") == 0 { try await Task.sleep(for: .milliseconds(5)) }
        await transport.close()
        #expect(try ledger.count("stops") == 1)
        await #expect(throws: TesseraError.self) { try await dial.value }
        #expect(transport.listenAddress == nil)
        let error = await #expect(throws: TesseraError.self) { try await transport.connect(to: "nowhere") }
        #expect(error?.description.contains("the transport 'ledger' is closed") == true)
        #expect(try ledger.count("dials") == 1)
        #expect(try ledger.count("violations") == 0)
    }

    @Test("a start that opens links and then fails ends with its error", .timeLimit(.minutes(10)))
    func failedStart() async throws {
        for second in [1, 2] {
            let ledger = try Ledger(
                atStart: """
                    host->link_opened(network, 1, 0);
                    host->link_opened(network, \(second), 0);
                    return tessera_fail(error, TESSERA_INPUT_OUTPUT, "the wire is cut");
                    """)
            let error = await #expect(throws: TesseraError.self) { try await ledger.start() }
            #expect(error?.description.contains("the wire is cut") == true)
            #expect(try ledger.count("calls") == 0)
        }
    }

    @Test("what cannot be a message is refused, and ends its link alone")
    func nonsense() async throws {
        let ledger = try Ledger(
            atStart: """
                host->link_opened(network, 1, 0);
                host->link_opened(network, 2, 0);
                first_status = host->received(network, 1, NULL, 5);
                second_status = host->received(network, 2, "x", SIZE_MAX);
                host->received(NULL, 1, "x", 1);
                host->link_opened(NULL, 1, 0);
                host->link_closed(network, 77, NULL);
                """)
        let transport = try await ledger.start()
        // TESSERA_INVALID_ARGUMENT.
        #expect(try ledger.count("first_status") == 1)
        #expect(try ledger.count("second_status") == 1)
        await transport.close()
        #expect(try ledger.count("violations") == 0)
    }

    @Test("a peer that opens a link and says nothing is hung up on", .timeLimit(.minutes(10)))
    func silence() async throws {
        let folder = try TemporaryFolder()
        let modules = try Modules.builtin.loading(plugins: [SampleLibrary.example("unix-sockets")])
        let factory = try modules.transports.make("unix", .map([("folder", folder.path.configuration)]))
        let transport = try await factory.start(
            TransportOptions(information: PeerInformation(peer: "p0"), listen: "p0", peers: []))
        let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: "\(folder.path)/tessera-p0.sock\0".utf8) }
        let connected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        #expect(connected == 0)
        // Blocks until the other end closes, on a thread of its own; the handshake may take 10 s.
        let count = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var byte: UInt8 = 0
                continuation.resume(returning: recv(socket, &byte, 1, 0))
            }
        }
        #expect(count == 0)
        await transport.close()
    }

    @Test("two peers that dial each other at once agree on one link, and messages are not lost")
    func simultaneousDials() async throws {
        let folder = try TemporaryFolder()
        let modules = try Modules.builtin.loading(plugins: [SampleLibrary.example("unix-sockets")])
        let factory = try modules.transports.make("unix", .map([("folder", folder.path.configuration)]))
        for round in 0..<150 {
            let names = ["a\(round)", "b\(round)"]
            var peers: [any ListeningTransport] = []
            for name in names {
                let started = try await factory.start(
                    TransportOptions(information: PeerInformation(peer: PeerID(name)), listen: name, peers: []))
                peers.append(try #require(started as? any ListeningTransport))
            }
            let logs = peers.map { EventLog($0) }
            let (a, b) = (peers[0], peers[1])
            async let first = a.connect(to: names[1])
            async let second = b.connect(to: names[0])
            let found = try await [first, second]
            #expect(found == [PeerID(names[1]), PeerID(names[0])])
            try await a.send(Message(kind: "there"), to: PeerID(names[1]))
            try await b.send(Message(kind: "back"), to: PeerID(names[0]))
            for (log, kind) in zip(logs, ["back", "there"]) {
                try await log.wait(for: "a message in round \(round)") { $0.messages.count == 1 }
                #expect(log.messages.map(\.message.kind) == [kind])
                #expect(log.appearances.count == 1)
                #expect(log.departures.isEmpty)
            }
            for peer in peers { await peer.close() }
        }
    }
}
