import GodwitTransport
import GodwitWire
import NIOCore
import NIOPosix
import Testing

@testable import GodwitEdge

@Suite("Congestion marks on real sockets", .timeLimit(.minutes(1)))
struct CongestionMarkTests {
    /// Where the edge listens, and where the client finds it: the third is an IPv6 socket with an IPv4 peer.
    static let places = [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::", "127.0.0.1")]

    /// With a client whose path has carried marks for a while.
    private func withMarks(
        _ listen: String, _ server: String, _ body: (Edge, TestClient) async throws -> Void
    ) async throws {
        try await EdgeFixture.serving(eventLoops: 1) {
            $0.listen = HostPort(host: listen, port: 0)
        } _: { edge in
            let client = try await TestClient(edge, host: server)
            try await client.connect(.datagram)
            try await echoBulk(client)
            try await body(edge, client)
            try await client.leave()
        }
    }

    private func echoBulk(_ client: TestClient, times: Int = 3) async throws {
        for number in 0..<times {
            let body = ByteBuffer.incompressible(200_000, seed: UInt64(number) + 1)
            #expect(try await client.request(Command.echo.rawValue, body).body == body)
        }
    }

    @Test("marks of bulk arrive, their counts come back, and both ends find the path capable", arguments: places)
    func capable(listen: String, server: String) async throws {
        try await withMarks(listen, server) { edge, client in
            let figures = try #require(try await client.statistics())
            #expect(figures.ecnPathsCapable == 1 && figures.ecnPathsFailed == 0)
            #expect(figures.congestionMarks == 0)
            // Marks that an IPv6 socket writes for an IPv4 peer do not leave.
            let capable = await edge.sample(#"godwit_ecn_paths_total{result="capable"}"#)
            #expect(capable == (listen == "::" ? 0 : 1))
            let failed = await edge.sample(#"godwit_ecn_paths_total{result="failed"}"#)
            #expect(failed == (listen == "::" ? 1 : 0))
            #expect(await edge.sample(#"godwit_datagrams_marked_total{mark="ect0"}"#) > 0)
        }
    }

    @Test("a router's marks come back as counts, and slow the sender without a loss", arguments: places)
    func congested(listen: String, server: String) async throws {
        try await withMarks(listen, server) { edge, client in
            try await client.meetCongestion()
            try await echoBulk(client)
            let figures = try #require(try await client.statistics())
            #expect(figures.ecnPathsCapable == 1 && figures.ecnPathsFailed == 0)
            #expect(figures.congestionMarks > 0)
            #expect(await edge.sample(#"godwit_datagrams_marked_total{mark="ce"}"#) > 0)
        }
    }
}
