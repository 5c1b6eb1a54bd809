import GodwitSession
import GodwitTransport
import GodwitWire
import NIOCore
import NIOPosix
import Testing

@testable import GodwitEdge

@Suite("Admission", .timeLimit(.minutes(1)))
struct AdmissionTests {
    @Test("a session too many is refused with the reason, and counted")
    func sessions() async throws {
        try await EdgeFixture.serving(eventLoops: 1, { $0.limits.sessions = 1 }) { edge in
            let first = try await TestClient(edge)
            try await first.connect(.datagram)
            let second = try await TestClient(edge)
            let refusal = await #expect(throws: SessionRefused.self) { try await second.connect(.stream) }
            #expect(refusal?.reason == "overloaded")
            #expect(await edge.sample(#"godwit_shed_total{reason="session_limit"}"#) == 1)
            #expect(try await first.request(.echo, "not disturbed").text == "not disturbed")
            try await first.leave()
            try await second.leave()
        }
    }

    @Test("a refusal reaches a datagram client before its connection is closed")
    func refusedDatagram() async throws {
        try await EdgeFixture.serving(eventLoops: 1, { $0.limits.sessions = 1 }) { edge in
            let first = try await TestClient(edge)
            try await first.connect(.stream)
            let second = try await TestClient(edge)
            await #expect(throws: SessionRefused(reason: "overloaded")) {
                try await second.connect(.datagram)
            }
            let error = SessionError.tableFull(limit: 1)
            #expect(
                try await second.carrierEnd() == .datagram(.peer(code: error.code, reason: error.description)))
            try await first.leave()
            try await second.leave()
        }
    }

    @Test("half-open streams are bounded, and the bound is free again when one leaves")
    func halfOpen() async throws {
        try await EdgeFixture.serving(eventLoops: 1, { $0.limits.halfOpen = 1 }) { edge in
            let idle = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(to: edge.listenAddress).get()
            try await edge.until { $0.halfOpenStreams == 1 }
            // Refused at once: the server closes without a word.
            try await RawStream.exchange(edge.listenAddress, ByteBuffer(bytes: [0x16]))
            #expect(await edge.sample(#"godwit_shed_total{reason="half_open_limit"}"#) == 1)
            try await idle.close()
            try await edge.until { $0.halfOpenStreams == 0 }
            let client = try await TestClient(edge)
            #expect(try await client.connect(.stream) == .new)
            try await client.leave()
        }
    }

    @Test("each loop gets a share of the limits, and a lone loop all of it")
    func shares() {
        var configuration = ServeConfiguration()
        configuration.limits.sessions = 1_000
        #expect(LoopLimits(configuration, loopCount: 1).sessions == 1_000)
        #expect(LoopLimits(configuration, loopCount: 4).sessions == 312)
        configuration.limits.sessions = 1
        #expect(LoopLimits(configuration, loopCount: 4).sessions == 1)
    }
}
