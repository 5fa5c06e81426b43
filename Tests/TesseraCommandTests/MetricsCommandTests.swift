import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// Metrics as Prometheus gets them.
@Suite struct MetricsCommandTests {
    /// A sample by its name and labels as they are written.
    private struct Scrape {
        var head = ""
        var samples: [String: Double] = [:]
        var types: [String: String] = [:]

        /// The sum over all labels that contain `text`.
        func sum(_ name: String, _ text: String = "") -> Double {
            samples.filter { $0.key.hasPrefix(name + "{") && (text.isEmpty || $0.key.contains(text)) }
                .reduce(0) { $0 + $1.value }
        }
    }

    /// Asks as a scraper does, and reads the answer by the rules of the format.
    private func scrape(_ address: String?, _ request: String = "GET /metrics HTTP/1.1") throws -> Scrape {
        let socket = try RawSocket(connectedTo: try #require(address))
        socket.write(Array("\(request)\r\nHost: localhost\r\n\r\n".utf8))
        let answer = String(decoding: socket.readAll(within: 10), as: UTF8.self)
        let end = try #require(answer.range(of: "\r\n\r\n"))
        var scrape = Scrape(head: String(answer[..<end.lowerBound]))
        let body = answer[end.upperBound...]
        #expect(scrape.head.contains("Content-Length: \(body.utf8.count)"))
        guard scrape.head.hasPrefix("HTTP/1.1 200 OK") else { return scrape }
        #expect(body.hasSuffix("\n"))
        for line in body.split(separator: "\n") {
            if let type = line.wholeMatch(of: /# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)/) {
                #expect(scrape.types.updateValue(String(type.2), forKey: String(type.1)) == nil, "\(line)")
            } else if line.wholeMatch(of: /# HELP [a-zA-Z_:][a-zA-Z0-9_:]* .+/) == nil {
                let sample = try #require(
                    line.wholeMatch(
                        of:
                            /([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\]|\\["\\n])*",?)*\})? (\S+)/
                    ),
                    "\(line)")
                let name = String(sample.1)
                let family = name.replacing(/_(bucket|sum|count)$/, with: "")
                let type = try #require(scrape.types[name] ?? scrape.types[family], "\(line)")
                #expect(type != "counter" || name.hasSuffix("_total"), "\(line)")
                let value = try #require(Double(sample.3), "\(line)")
                #expect(value >= 0, "\(line)")
                let key = name + (sample.2 ?? "{}")
                #expect(scrape.samples.updateValue(value, forKey: key) == nil, "\(line)")
            }
        }
        return scrape
    }

    @Test("a node counts what it was sent, sent and computed, and what it holds")
    func node() throws {
        let folder = try TemporaryFolder()
        let node = try NodeProcess(name: "counted", "--metrics", "0")
        let before = try scrape(node.metrics)
        #expect(before.head.contains("Content-Type: text/plain; version=0.0.4"))
        #expect(before.samples["tessera_weights{}"] == 0)
        #expect(before.sum("tessera_node_info", "node=\"counted\"") == 1)

        let file = try folder.write(
            """
            tessera: 1
            network: \(TestFiles.network("dncnn"))
            partition: {strategy: layerwise}
            nodes: ["\(node.address)"]
            """, to: "d.yaml")
        try NpyFile.write(
            try Tensor([Float](repeating: 0.5, count: 21 * 13), shape: [1, 1, 21, 13]), to: folder.file("x.npy"))
        let deploy = try Command("deploy", file, "--input", folder.file("x.npy"), "--runs", "3", "--json")
        #expect(deploy.status == 0, "\(deploy.errors)")
        let tiles = try #require(try deploy.json()["tiles"] as? Double)

        let after = try scrape(node.metrics)
        let received = "direction=\"received\""
        for kind in ["lead", "layers"] {
            #expect(after.samples["tessera_messages_total{kind=\"\(kind)\",\(received)}"] == 1, "\(kind)")
        }
        // The first layer and the last read the image, three times.
        #expect(after.samples["tessera_messages_total{kind=\"pieces\",\(received)}"] == 6)
        #expect(after.sum("tessera_message_bytes_total", "kind=\"pieces\",\(received)") >= 6 * 4 * 21 * 13)
        #expect(after.sum("tessera_messages_total", "kind=\"made\",direction=\"sent\"") == 3 * tiles)
        #expect(after.sum("tessera_tile_seconds_count") == 3 * tiles)
        #expect(after.sum("tessera_tile_seconds_bucket", "le=\"+Inf\"") == 3 * tiles)
        #expect(after.sum("tessera_tile_seconds_sum") > 0)
        #expect(after.samples["tessera_tasks_prepared_total{}"] == 1)
        #expect(after.sum("tessera_task_failures_total") == 0)
        let weights = try Modules.builtin.loader.load(TestFiles.network("dncnn")).bound(inputs: [
            "image": [1, 1, 21, 13]
        ])
        .parameters.flatMap(\.values)
        #expect((1...Double(weights.count)).contains(after.samples["tessera_weights{}"] ?? 0))
        #expect((after.samples["tessera_weight_bytes{}"] ?? 0) > 1e6)
        #expect(after.samples["tessera_tcp_connections_opened_total{}"] == 1)
        #expect((after.samples["process_resident_memory_bytes{}"] ?? 0) > 1e7)

        // Buckets count what is at most so much, so they only grow.
        let buckets = after.samples.filter { $0.key.hasPrefix("tessera_preparation_seconds_bucket") }
            .compactMap { key, count -> (bound: Double, count: Double)? in
                let bound = key.firstMatch(of: /le="([^"]+)"/).map { $0.1 == "+Inf" ? .infinity : Double($0.1) }
                return bound.flatMap { $0 }.map { ($0, count) }
            }
            .sorted { $0.bound < $1.bound }
        #expect(buckets.count == 15 && buckets.last?.count == 1)
        #expect(zip(buckets, buckets.dropFirst()).allSatisfy { $0.count <= $1.count })

        #expect(try scrape(node.metrics, "GET / HTTP/1.1").head.hasPrefix("HTTP/1.1 404"))
        #expect(try scrape(node.metrics, "PUT /metrics HTTP/1.1").head.hasPrefix("HTTP/1.1 405"))
        #expect(node.stop() == 0)
    }

    @Test("the port is named in the node's file, and one that is taken or is none is an error")
    func port() throws {
        let folder = try TemporaryFolder()
        let file = try folder.write("{listen: \"127.0.0.1:0\", metrics: 0, name: filed}", to: "node.yaml")
        let node = try NodeProcess(file: file)
        let taken = try #require(node.metrics)
        #expect(taken.hasPrefix("127.0.0.1:"))
        #expect(try scrape(taken).sum("tessera_node_info", "filed") == 1)
        let second = try Command("node", "--listen", "127.0.0.1:0", "--metrics", taken)
        #expect(second.status == 1)
        #expect(second.errors.contains(taken), "\(second.errors)")
        for text in ["x", "70000", "1:2:3", ":5"] {
            let wrong = try Command("node", "--listen", "127.0.0.1:0", "--metrics", text)
            #expect(wrong.status == 1 && wrong.errors.contains("'\(text)'"), "\(wrong.errors)")
        }
    }
}
