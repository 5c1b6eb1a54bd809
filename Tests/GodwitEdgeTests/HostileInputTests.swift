import GodwitTransport
import GodwitWire
import NIOCore
import NIOPosix
import Testing

@testable import GodwitEdge

@Suite("Bad input has no effect but a count", .timeLimit(.minutes(1)))
struct HostileInputTests {
    @Test("garbage datagrams are counted and dropped")
    func garbageDatagrams() async throws {
        let seed = UInt64.random(in: .min ... .max)
        try await EdgeFixture.serving { edge in
            let random = RandomSource.seeded(seed)
            let client = try await TestClient(edge)
            try await client.connect(.datagram)
            let socket = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(host: "127.0.0.1", port: 0).get()
            for _ in 0..<200 {
                let bytes = random.bytes(Int(random.next() % 1_400))
                socket.write(
                    AddressedEnvelope(remoteAddress: edge.listenAddress, data: ByteBuffer(bytes: bytes)), promise: nil)
            }
            socket.flush()
            #expect(try await client.request(.echo, "still here").text == "still here", "seed \(seed)")
            try await edge.until { $0.endpoint.drops.total > 0 }
            #expect(await edge.directory.collect { $0.datagramCarriers.count }.reduce(0, +) == 1, "seed \(seed)")
            try await socket.close()
            try await client.leave()
        }
    }

    @Test("garbage where TLS should be closes that connection, and is a failed handshake")
    func garbageTLS() async throws {
        try await EdgeFixture.serving { edge in
            try await RawStream.exchange(
                edge.listenAddress, ByteBuffer(string: "GET / HTTP/1.1\r\nHost: godwit\r\n\r\n"))
            try await edge.untilSample(#"godwit_handshakes_total{carrier="stream",result="failed"}"#, atLeast: 1)
            let client = try await TestClient(edge)
            try await client.connect(.stream)
            #expect(try await client.request(.echo, "fine").text == "fine")
            #expect(await edge.directory.collect { $0.halfOpenStreams }.reduce(0, +) == 0)
            try await client.leave()
        }
    }

    @Test("a TLS stream that is cut in its handshake is a failed handshake, and is forgotten")
    func truncatedTLS() async throws {
        try await EdgeFixture.serving { edge in
            // The head of a record of 512 bytes, and three bytes of it.
            try await RawStream.exchange(
                edge.listenAddress, ByteBuffer(bytes: [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01]), halfClose: true
            )
            try await edge.untilSample(#"godwit_handshakes_total{carrier="stream",result="failed"}"#, atLeast: 1)
            #expect(await edge.directory.collect { $0.streamCarriers.count }.reduce(0, +) == 0)
        }
    }

    @Test("a first envelope that opens nothing is refused with its reason", arguments: [CarrierKind.datagram, .stream])
    func noOpen(carrier: CarrierKind) async throws {
        try await EdgeFixture.serving { edge in
            let client = try await TestClient(edge)
            await #expect(throws: SessionRefused.self) { try await client.connectBadly(carrier) }
            #expect(await edge.directory.collect { $0.boundSessions.count }.reduce(0, +) == 0)
            try await client.leave()
        }
    }
}

/// A TCP connection without any protocol.
enum RawStream {
    /// Sends the bytes and waits until the server closes.
    static func exchange(_ server: SocketAddress, _ bytes: ByteBuffer, halfClose: Bool = false) async throws {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: false)
            .connect(to: server).get()
        // The server may have closed already.
        try? await channel.writeAndFlush(bytes)
        if halfClose { try? await channel.close(mode: .output) }
        try await channel.closeFuture.get()
    }
}
