import Glibc
import GodwitWire
import NIOCore
import NIOPosix
import Testing

@testable import GodwitEdge

@Suite(
    "Datagrams in batches on real sockets", .timeLimit(.minutes(1)),
    .enabled(if: System.supportsUDPSegmentationOffload && System.supportsUDPReceiveOffload))
struct DatagramOffloadTests {
    private static let sentBatches = #"godwit_datagram_batches_total{direction="sent"}"#
    private static let sentInBatches = #"godwit_datagrams_batched_total{direction="sent"}"#
    private static let refused = "godwit_datagram_batches_refused_total"

    /// Large echoes, one after the other, each of which must come back whole.
    private func echo(_ edge: Edge, times: Int = 4) async throws {
        let client = try await TestClient(edge)
        try await client.connect(.datagram)
        for number in 0..<times {
            let body = ByteBuffer.incompressible(200_000, seed: UInt64(number) + 1)
            #expect(try await client.request(Command.echo.rawValue, body).body == body)
        }
        try await client.leave()
    }

    @Test("bulk leaves in batches of several datagrams")
    func sends() async throws {
        try await EdgeFixture.serving { edge in
            try await echo(edge)
            let batches = await edge.sample(Self.sentBatches)
            #expect(batches > 0)
            #expect(await edge.sample(Self.sentInBatches) >= 2 * batches)
            #expect(await edge.sample(Self.sentInBatches) <= edge.sample("godwit_datagrams_sent_total"))
            #expect(await edge.sample(Self.refused) == 0)
        }
    }

    @Test("what a peer sent as one batch arrives as one, and each of its datagrams is looked at")
    func receives() async throws {
        try await EdgeFixture.serving { edge in
            let socket = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .bind(host: "127.0.0.1", port: 0).get()
            // Short headers of no connection; the last is shorter.
            let joined = ByteBuffer(repeating: 0x40, count: 9 * 1_000 + 300)
            let metadata = AddressedEnvelope<ByteBuffer>.Metadata(
                ecnState: .transportNotCapable, packetInfo: nil, segmentSize: 1_000)
            try await socket.writeAndFlush(
                AddressedEnvelope(remoteAddress: edge.listenAddress, data: joined, metadata: metadata))
            try await edge.untilSample("godwit_datagrams_received_total", atLeast: 10)
            #expect(await edge.sample("godwit_datagrams_received_total") == 10)
            #expect(await edge.sample(#"godwit_datagram_batches_total{direction="received"}"#) == 1)
            #expect(await edge.sample(#"godwit_datagrams_batched_total{direction="received"}"#) == 10)
            #expect(await edge.sample(#"godwit_bytes_received_total{carrier="datagram"}"#) == joined.readableBytes)
            try await socket.close()
        }
    }

    @Test("switched off, datagrams leave and arrive singly")
    func off() async throws {
        try await EdgeFixture.serving {
            $0.datagram.offload = .off
        } _: { edge in
            try await echo(edge)
            #expect(await edge.sample(Self.sentBatches) == 0)
            #expect(await edge.sample(#"godwit_datagram_batches_total{direction="received"}"#) == 0)
        }
    }

    @Test("a kernel that refuses a batch gets single datagrams, from a new socket")
    func kernelRefuses() async throws {
        try await EdgeFixture.serving(eventLoops: 1) { edge in
            // Linux parts no batch of a socket that sends no checksums: the write fails with EINVAL.
            let noChecksum = ChannelOptions.Types.SocketOption(level: .socket, name: .init(rawValue: SO_NO_CHECK))
            let isSet = await edge.directory.collect { loop in
                (try? loop.socket?.channel?.syncOptions?.setOption(noChecksum, value: 1)) != nil
            }
            #expect(isSet == [true])
            try await echo(edge)
            #expect(await edge.sample(Self.refused) == 1)
            #expect(await edge.directory.collect { $0.sendsBatches } == [false])
            #expect(await edge.directory.collect { $0.refusedBatches.isEmpty } == [true])
            // The first flush at most was batches.
            let before = await edge.sample(Self.sentBatches)
            try await echo(edge)
            #expect(await edge.sample(Self.sentBatches) == before)
        }
    }

    @Test("a batch that is too long for the way is sent again singly, on the same socket")
    func tooLong() async throws {
        try await EdgeFixture.serving(eventLoops: 1) { edge in
            let sockets = await edge.directory.collect { loop -> ObjectIdentifier? in
                try? loop.socket?.channel?.pipeline.syncOperations.addHandler(NoBatches(), position: .first)
                return loop.socket.map { ObjectIdentifier($0) }
            }
            try await echo(edge)
            #expect(await edge.sample(Self.refused) == 1)
            #expect(await edge.directory.collect { loop in loop.socket.map { ObjectIdentifier($0) } } == sockets)
            #expect(await edge.directory.collect { $0.refusedBatches.isEmpty } == [true])
        }
    }

    /// Fails batches as NIO does when the kernel says EMSGSIZE.
    private final class NoBatches: ChannelOutboundHandler {
        typealias OutboundIn = AddressedEnvelope<ByteBuffer>

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            guard unwrapOutboundIn(data).metadata?.segmentSize != nil else {
                return context.write(data, promise: promise)
            }
            promise?.fail(ChannelError.writeMessageTooLarge)
        }
    }
}
