import NIOCore
import Testing

@Suite("Weak networks", .timeLimit(.minutes(2)))
struct WeakNetworkTests {
    /// A tenth of a second of nothing would not be noticed; this is longer than the client's suspicion.
    private static let blackout = TimeAmount.milliseconds(3_200)

    @Test(
        "a conversation survives loss, damage, a blackout and new addresses, on either carrier",
        arguments: ["datagram", "stream"])
    func faults(carrier: String) async throws {
        let directory = try TemporaryDirectory()
        let server = try await ServerProcess.start(data: directory.file("data"))
        let seed = UInt64.random(in: 0...UInt64.max)
        let weather = Relay.Weather(dropShare: 0.1, corruptShare: 0.05)
        let relay = try await Relay.start(to: server.port, weather: weather, seed: seed)
        let talk = try await Conversation(
            ada: ClientProcess(server: relay.address, pin: server.pin, carrier: carrier),
            bob: ClientProcess(server: relay.address, pin: server.pin, carrier: carrier))
        try talk.write(1...40)
        try await talk.received(5)
        try await relay.rebind()
        try talk.write(41...60)
        try await talk.received(50)
        async let dark: Void = relay.blackout(for: Self.blackout)
        try talk.write(61...80)
        try await dark
        try await relay.rebind()
        try talk.write(81...100)
        try await talk.expectWhole(100)

        let metrics = try await server.metrics()
        if carrier == "datagram" {
            #expect(metrics.value("godwit_migrations_total", ["cause": "rebinding"]) >= 1, "seed \(seed)")
            #expect(metrics.value("godwit_datagrams_dropped_total") >= 1, "seed \(seed)")
        }
        #expect(metrics.value("godwit_im_sends_total", ["result": "accepted"]) <= 200)
        #expect(metrics.value("godwit_tasks_total", ["result": "failed"]) == 0)
        try await relay.close()
    }

    @Test("where UDP does not pass, auto falls back to stream and tells the server what failed")
    func udpBlocked() async throws {
        let directory = try TemporaryDirectory()
        let server = try await ServerProcess.start(data: directory.file("data"))
        let relay = try await Relay.start(to: server.port, udp: .swallowed)
        let client = try ClientProcess(server: relay.address, pin: server.pin)
        #expect(try await client.connected().carrier == "stream")
        _ = try await client.logIn("ada")
        try client.send("m1", to: "ada", "by TCP")
        _ = try await client.first("sent")

        // An attempt that is left without an answer is given up after 12 s.
        try await server.poll("the report of the datagram attempt") {
            $0.value("godwit_client_attempts_total", ["carrier": "datagram", "type": "udp.timed_out"]) >= 1
        }
        let window = try #require(try await server.success().windows["5m"])
        #expect(window.byCarrier["datagram"]?.attempts.failed ?? 0 >= 1)
        #expect(window.byCarrier["stream"]?.attempts.ok ?? 0 >= 1)
        #expect(window.tasks.failed == 0)
        try await client.quit()
        try await relay.close()
    }

    @Test("where UDP does not pass, the next process knows it: stream does not wait for datagram again")
    func udpBlockedBefore() async throws {
        let directory = try TemporaryDirectory()
        let server = try await ServerProcess.start(data: directory.file("data"))
        let relay = try await Relay.start(to: server.port, udp: .swallowed)
        func connectTime() async throws -> Double {
            let client = try ClientProcess(server: relay.address, pin: server.pin, state: directory.file("state"))
            let connected = try await client.first("state") { $0.connectMs != nil }
            #expect(connected.carrier == "stream")
            try await client.quit()
            return try #require(connected.connectMs)
        }
        let patience = 250.0
        let first = try await connectTime()
        #expect(first >= patience)
        // The machine may be busy, but a stream that waits is never there so soon.
        var next = first
        for _ in 0..<5 where next >= patience { next = try await connectTime() }
        #expect(next < patience)
        try await relay.close()
    }

    @Test("a client that is started before its server waits for it and reports the attempts that failed")
    func serverComesLater() async throws {
        let directory = try TemporaryDirectory()
        // A first life fixes key and port.
        let first = try await ServerProcess.start(data: directory.file("data"))
        try await first.kill()
        // TCP is refused at once, so an attempt has failed before the server is back.
        let client = try ClientProcess(first, carrier: "stream")
        try client.write(["op": "login", "user": "ada", "password": "secret"])
        try client.send("m1", to: "ada", "from before")
        _ = try await client.first("queued")
        #expect(!client.lines.contains { $0.state == "connected" })

        let server = try await first.again()
        _ = try await client.connected()
        _ = try await client.first("sent")
        try await server.poll("the report") { $0.value("godwit_client_reports_total") >= 1 }
        let failed = try await server.metrics().value("godwit_client_attempts_total", ["result": "failed"])
        #expect(failed >= 1)
        let window = try #require(try await server.success().windows["5m"])
        #expect(Double(window.attempts.failed) >= failed)
        #expect(try #require(window.attempts.rate) < 1)
        #expect(window.tasks.rate == 1)
        try await client.quit()
    }
}
