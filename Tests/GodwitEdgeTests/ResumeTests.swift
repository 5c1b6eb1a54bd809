import GodwitSession
import GodwitTransport
import GodwitWire
import NIOCore
import Testing

@testable import GodwitEdge

@Suite("Sessions outlive their carriers", .timeLimit(.minutes(1)))
struct ResumeTests {
    @Test(
        "a response that was lost with its carrier arrives once on the next one",
        arguments: [(CarrierKind.datagram, CarrierKind.stream), (.stream, .datagram), (.datagram, .datagram)])
    func redelivery(first: CarrierKind, second: CarrierKind) async throws {
        try await EdgeFixture.serving { edge in
            let client = try await TestClient(edge)
            try await client.connect(first)
            try await client.goDeaf()
            let response = client.send(Command.echo.rawValue, ByteBuffer(string: "from the tunnel"))
            try await edge.untilSample(#"godwit_tasks_total{result="ok",command_class="system"}"#, atLeast: 1)
            #expect(try await client.connect(second) == .resumed)
            #expect(try await response.get().text == "from the tunnel")
            // Sent again, not carried out again.
            #expect(await edge.sample(#"godwit_tasks_total{result="ok",command_class="system"}"#) == 1)
            #expect(await edge.sample("godwit_redeliveries_total") >= 1)
            try await client.leave()
        }
    }

    @Test("a session is served on carriers of other loops than its own")
    func otherLoops() async throws {
        try await EdgeFixture.serving(eventLoops: 3) { edge in
            let client = try await TestClient(edge)
            try await client.connect(.stream)
            // Connections are dealt to the loops in turn, so three of them meet every loop.
            for round in 0..<6 {
                #expect(try await client.connect(.stream) == .resumed)
                #expect(try await client.request(.echo, "round \(round)").text == "round \(round)")
            }
            #expect(await edge.directory.collect { $0.outbox.total }.reduce(0, +) > 0)
            // Superseded carriers are closed, and nothing is left of them.
            try await edge.untilOne { $0.streamCarriers.count }
            #expect(await edge.directory.collect { $0.boundSessions.count }.reduce(0, +) == 1)
            try await client.leave()
        }
    }

    @Test("a client whose connection the server has lost hears so with its next packet, and resumes")
    func statelessReset() async throws {
        try await EdgeFixture.serving(eventLoops: 2) { edge in
            let client = try await TestClient(edge)
            try await client.connect(.datagram)
            #expect(try await client.request(.echo, "before").text == "before")
            // As if the process had been killed: nobody says goodbye.
            _ = await edge.directory.collect { loop in
                for carrier in loop.datagramCarriers.values { loop.endpoint.remove(carrier.handle) }
                loop.datagramCarriers.removeAll()
                loop.datagramNumbers.removeAll()
            }
            let response = client.send(Command.echo.rawValue, ByteBuffer(string: "after"))
            #expect(try await client.carrierEnd() == .datagram(.statelessReset))
            #expect(await edge.sample("godwit_stateless_resets_total") >= 1)
            try await client.connect(.datagram)
            #expect(try await response.get().text == "after")
            try await client.leave()
        }
    }

    @Test(
        "a new address changes nothing, even when the kernel gives it to another loop", arguments: ["", "c0ffee"])
    func addressChange(serverID: String) async throws {
        try await EdgeFixture.serving(eventLoops: 4, { $0.datagram.connectionIDs.serverID = serverID }) { edge in
            let client = try await TestClient(edge)
            try await client.connect(.datagram)
            // Each new port meets a loop by the kernel's hash: one of 12 is another than the first, but for 1 in 4^12.
            for round in 0..<12 {
                try await client.changeAddress()
                #expect(try await client.request(.echo, "from port \(round)").text == "from port \(round)")
            }
            #expect(await edge.directory.collect { $0.datagramCarriers.count }.reduce(0, +) == 1)
            #expect(await edge.directory.collect { $0.outbox.total }.reduce(0, +) > 0)
            try await client.leave()
        }
    }
}

extension Edge {
    /// Until the loops' figures add up to 1.
    func untilOne(_ figure: @escaping @Sendable (EdgeLoop) -> Int) async throws {
        let deadline = NIODeadline.now() + .seconds(10)
        while NIODeadline.now() < deadline {
            if await directory.collect(figure).reduce(0, +) == 1 { return }
            await Task.yield()
        }
        Issue.record("the loops' figures did not come to 1 in 10 s")
    }
}
