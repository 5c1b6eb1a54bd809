import Foundation
import Testing

@Suite("Connecting when told", .timeLimit(.minutes(1)))
struct ConnectingTests {
    @Test(
        "a client leaves and comes back to its session, or as a stranger when it forgot it",
        arguments: ["datagram", "stream"])
    func comings(carrier: String) async throws {
        let directory = try TemporaryDirectory()
        let server = try await ServerProcess.start(data: directory.file("data"))
        let client = try ClientProcess(server, carrier: carrier, arguments: ["--no-connect"])
        try client.write(["op": "status"])
        #expect(try await client.first("status").state == "disconnected")
        #expect(client.lines.allSatisfy { $0.event != "state" })

        // A request may come first: it waits for the connection.
        try client.write(["op": "request", "id": "r1", "cmd": "echo", "body": "early"])
        try client.write(["op": "connect"])
        #expect(try await client.first("reply").body == "early")
        var state = try await client.connected()
        #expect(state.session == "new")
        #expect(try #require(state.connectMs) > 0)

        try client.write(["op": "disconnect"])
        _ = try await client.first("state") { $0.state == "disconnected" }
        try client.write(["op": "request", "id": "r2", "cmd": "echo", "body": "late"])
        try client.write(["op": "connect"])
        #expect(try await client.first(2, "reply").last?.body == "late")
        state = try await client.first("state") { $0.state == "resumed" }
        #expect(state.session == "resumed")

        try client.write(["op": "disconnect", "forget": true])
        try client.write(["op": "request", "id": "r3", "cmd": "echo", "body": "last"])
        try client.write(["op": "connect"])
        #expect(try await client.first(3, "reply").last?.body == "last")
        state = try await client.first(2, "state") { $0.state == "connected" }[1]
        #expect(state.session == "new")
        try await client.quit()
    }

    @Test(
        "a datagram comes back on either carrier, and one that fits no packet is refused",
        arguments: ["datagram", "stream"])
    func datagrams(carrier: String) async throws {
        let directory = try TemporaryDirectory()
        let server = try await ServerProcess.start(data: directory.file("data"))
        let client = try ClientProcess(server, carrier: carrier)
        _ = try await client.connected()
        try client.write(["op": "datagram", "cmd": "echo", "body": "voice"])
        #expect(try await client.first("datagram").body == "voice")
        try client.write(["op": "datagram", "cmd": "echo", "body": String(repeating: "x", count: 1_101)])
        let error = try await client.first("error")
        #expect(error.code == "too_large")
        try await client.quit()
    }

    @Test("any bytes go and come back, up to the limit")
    func bytes() async throws {
        let directory = try TemporaryDirectory()
        let server = try await ServerProcess.start(data: directory.file("data"))
        let client = try ClientProcess(server)
        for size in [0, 1, 200_000, 262_112] {
            let body = Data((0..<size).map { UInt8(truncatingIfNeeded: $0 &* 167 ^ ($0 >> 8)) })
            try client.write([
                "op": "request", "id": "b\(size)", "cmd": "echo", "body_base64": body.base64EncodedString(),
            ])
            let reply = try await client.first("reply") { $0.id == "b\(size)" }
            #expect(reply.bodyBase64 == body.base64EncodedString())
            #expect(try #require(reply.latencyMs) > 0)
        }
        try client.write([
            "op": "request", "id": "over", "cmd": "echo", "body_base64": Data(count: 262_113).base64EncodedString(),
        ])
        #expect(try await client.first("error").code == "too_large")
        try await client.quit()
    }
}
