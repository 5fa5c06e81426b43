import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// What 'tessera doctor' finds in set-ups that are well, and in such as somebody has broken.
@Suite(.serialized) struct DoctorCommandTests {
    private struct Finding {
        let check, status, message, remedy: String
    }

    private func examine(_ arguments: String...) throws -> (status: Int32, findings: [Finding]) {
        let doctor = try Command(["doctor"] + arguments + ["--json"])
        let findings = try #require(try doctor.json()["findings"] as? [[String: Any]], "\(doctor.errors)")
        #expect(try doctor.json()["well"] as? Bool == (doctor.status == 0))
        return (
            doctor.status,
            findings.map { entry in
                func text(_ key: String) -> String { entry[key] as? String ?? "" }
                return Finding(
                    check: text("check"), status: text("status"), message: text("message"), remedy: text("remedy"))
            }
        )
    }

    private func expectError(
        _ result: (status: Int32, findings: [Finding]), _ check: String, _ text: String, remedy: String,
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) {
        #expect(result.status == 1, sourceLocation: sourceLocation)
        let errors = result.findings.filter { $0.status == "error" }
        #expect(
            errors.contains { $0.check == check && $0.message.contains(text) && $0.remedy.contains(remedy) },
            "\(errors)", sourceLocation: sourceLocation)
    }

    private func deployment(_ folder: TemporaryFolder, _ lines: String) throws -> String {
        try folder.write("tessera: 1\nnetwork: \(TestFiles.network("dncnn"))\n" + lines, to: "\(UUID()).yaml")
    }

    @Test("nodes that nobody hears, and a network that is not there")
    func missing() throws {
        let folder = try TemporaryFolder()
        let group = "239.78.9.\(Int.random(in: 1...250)):\(Int.random(in: 20_000...50_000))"
        let file = try folder.write(
            "tessera: 1\nnetwork: nowhere.yaml\nnodes: {discover: true, count: 2, wait: 0.3, interface: lo, group: \"\(group)\"}\n",
            to: "lonely.yaml")
        let result = try examine(file)
        expectError(result, "nodes", "expected 2 nodes to announce themselves to \(group) on 'lo'", remedy: "announce")
        expectError(result, "network", "nowhere.yaml", remedy: "relative to that file")
    }

    @Test("nodes that run, over multicast and with certificates: all is well, and everything was looked at")
    func well() throws {
        let folder = try TemporaryFolder()
        let authority = try ClusterAuthority.create(in: folder.file("cluster"), cluster: "home", member: "laptop")
        let group = "239.77.9.\(Int.random(in: 1...250)):\(Int.random(in: 20_000...50_000))"
        let transport = "{kind: multicast, group: \"\(group)\", socket_buffer: 65536}"
        let nodes = try ["anna", "ben"].map { name in
            try NodeProcess("--certificates", authority.add(name).path, "--transport", transport)
        }
        // They end with these objects, which an optimizing compiler lets go after their last use.
        defer { withExtendedLifetime(nodes) {} }
        let file = try deployment(
            folder,
            """
            transport: \(transport)
            security: {certificates: cluster}
            nodes: [\(nodes.map { "\"\($0.address)\"" }.joined(separator: ", "))]
            """)
        let result = try examine(file)
        #expect(result.status == 0, "\(result.findings)")
        func expect(_ check: String, _ text: String) {
            #expect(
                result.findings.contains { $0.check == check && $0.status == "ok" && $0.message.contains(text) },
                "\(check): \(result.findings)")
        }
        expect("certificates", "'laptop' until")
        expect("interface", "'lo' is up")
        expect("membership", group)
        expect("multicast", "comes back")
        expect("buffers", "the receive buffer has the 64.0 KiB")
        for name in ["anna", "ben"] {
            expect("nodes", "'\(name)' at 127.0.0.1:")
            expect("clock", "that of '\(name)' is the same")
            expect("hearing", "'\(name)' hears")
        }
        expect("nodes", "'anna' reaches 'ben'")
        // The node that runs has its port, and is no stranger.
        let own = try folder.write(
            "{name: anna, listen: \"\(nodes[0].address)\", security: {certificates: cluster/nodes/anna}}",
            to: "anna.yaml")
        let node = try examine("--node", own)
        #expect(node.status == 0, "\(node.findings)")
        #expect(node.findings.contains { $0.check == "port" && $0.message.contains("the node 'anna' listens") })
    }

    @Test("nodes of another group, or of none, are named as such that TCP alone reaches")
    func oneWay() throws {
        let folder = try TemporaryFolder()
        let group = "239.77.8.\(Int.random(in: 1...250)):\(Int.random(in: 20_000...50_000))"
        let node = try NodeProcess(name: "plain")
        let file = try deployment(
            folder, "transport: {kind: multicast, group: \"\(group)\"}\nnodes: [\"\(node.address)\"]")
        let result = try examine(file)
        #expect(result.status == 0)
        #expect(
            result.findings.contains {
                $0.check == "hearing" && $0.status == "warning" && $0.message.contains("'plain' does not belong")
                    && $0.remedy.contains("transport")
            }, "\(result.findings)")
    }

    @Test("certificates that are missing, expired, for another name or open to all")
    func certificates() throws {
        let folder = try TemporaryFolder()
        let authority = try ClusterAuthority.create(in: folder.file("cluster"), cluster: "home", member: "laptop")
        func node(_ name: String, _ certificates: String) throws -> (status: Int32, findings: [Finding]) {
            try examine(
                "--node",
                folder.write(
                    "{name: \(name), listen: \"127.0.0.1:0\", security: {certificates: \(certificates)}}",
                    to: "node.yaml"))
        }
        expectError(try node("a", folder.file("none")), "certificates", "No such file", remedy: "tessera cluster add")
        let old = try authority.add("old", days: 1).path
        let soon = try node("old", old)
        #expect(soon.status == 0)
        // A day is left, or nearly so.
        #expect(
            soon.findings.contains {
                $0.status == "warning" && $0.message.contains(/ends in (less than a day|1 day), on/)
            }, "\(soon.findings)")
        expectError(
            try node("attic", old), "certificates", "expected a certificate for 'attic', found one for 'old'",
            remedy: "tessera cluster add attic")
        let gone = try authority.add("gone").path
        let list = try authority.remove("gone")
        try Data(list.text.utf8).write(to: URL(fileURLWithPath: gone + "/revoked"))
        expectError(try node("gone", gone), "certificates", "was withdrawn", remedy: "another certificate")
        let damaged = try authority.add("damaged").path
        try Data(list.text.dropLast(9).utf8).write(to: URL(fileURLWithPath: damaged + "/revoked"))
        expectError(
            try node("damaged", damaged), "certificates", "is no list of withdrawn certificates",
            remedy: "copy the file 'revoked' of another member")
        // A secret may be a link, whose own mode is 777.
        let linked = try authority.add("linked").path
        try FileManager.default.moveItem(atPath: linked + "/node.key", toPath: linked + "/real.key")
        try FileManager.default.createSymbolicLink(
            atPath: linked + "/node.key", withDestinationPath: linked + "/real.key")
        #expect(try node("linked", linked).status == 0)
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: old + "/node.key")
        expectError(try node("old", old), "certificates", "has the mode 644", remedy: "chmod 600")
    }

    @Test(
        "nodes that nobody runs, ports that somebody has, interfaces that are not there, and buffers that are too small"
    )
    func reach() throws {
        let folder = try TemporaryFolder()
        let node = try NodeProcess(name: "there")
        let gone = node.address
        node.end()
        expectError(
            try examine(deployment(folder, "nodes: [\"\(gone)\"]")), "nodes", "nobody listens there",
            remedy: "'tessera node' runs there")
        expectError(
            try examine(deployment(folder, "nodes: [\"192.0.2.1:6003\"]")), "nodes", "off loopback",
            remedy: "certificate")
        expectError(
            try examine(deployment(folder, "transport: {kind: multicast, interface: nowhere7}")), "interface",
            "'nowhere7'",
            remedy: "ip address")
        expectError(
            try examine(deployment(folder, "transport: {kind: tpc}")), "transport", "tpc", remedy: "tessera plugins")
        let large = try examine(deployment(folder, "transport: {kind: multicast, socket_buffer: 1073741824}"))
        #expect(
            large.findings.contains {
                $0.check == "buffers" && $0.status == "warning" && $0.remedy.contains("net.core.rmem_max=1073741824")
            }, "\(large.findings)")
        // Something else than a node.
        let server = try NodeProcess(name: "other", "--metrics", "0")
        let taken = try #require(server.metrics)
        expectError(
            try examine("--node", folder.write("{listen: \"\(taken)\"}", to: "taken.yaml")), "port", taken,
            remedy: "ss -ltnp")
    }

    @Test("without a file the host alone is looked at, in words")
    func words() throws {
        let doctor = try Command("doctor")
        #expect(doctor.status == 0, "\(doctor.output)")
        #expect(doctor.output.contains("kernels") && doctor.output.contains("onednn"))
        #expect(try Command("doctor", "x.yaml", "--node", "y.yaml").status == 64)
    }
}
