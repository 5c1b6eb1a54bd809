import Glibc
import NIOCore
import NIOPosix

/// The limit to stand beside: a NIO UDP echo without encryption, reliability or sessions, on the same number of loops.
struct BareEchoServer: Sendable {
    let address: SocketAddress
    private let group: MultiThreadedEventLoopGroup

    private static let reusePort = NIOBSDSocket.Option(rawValue: SO_REUSEPORT)

    static func start(loops: Int) async throws -> BareEchoServer {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: loops)
        var address = try SocketAddress(ipAddress: "127.0.0.1", port: 0)
        for loop in group.makeIterator() {
            let channel = try await DatagramBootstrap(group: loop)
                .channelOption(.socketOption(Self.reusePort), value: 1)
                .channelOption(.socketOption(.so_rcvbuf), value: 4 << 20)
                .channelOption(.datagramVectorReadMessageCount, value: 32)
                .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: 32 * 2048))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Echo())
                    }
                }
                .bind(to: address).get()
            address = channel.localAddress ?? address
        }
        return BareEchoServer(address: address, group: group)
    }

    func stop() async throws { try await group.shutdownGracefully() }

    private final class Echo: ChannelInboundHandler {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { context.write(data, promise: nil) }
        func channelReadComplete(context: ChannelHandlerContext) { context.flush() }
    }
}

/// Sends a datagram for each one that comes back. Loopback loses none as long as the socket buffers hold what is under way.
final class BareEchoClient: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let server: SocketAddress
    private let tally: EchoTally
    private var message = ByteBuffer()

    init(server: SocketAddress, tally: EchoTally) {
        self.server = server
        self.tally = tally
    }

    func channelActive(context: ChannelHandlerContext) {
        for _ in 0..<tally.inFlight { send(context) }
        context.flush()
        tally.connected()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var datagram = unwrapInboundIn(data).data
        guard let sentAt = datagram.readInteger(as: UInt64.self) else { return }
        tally.completed(sentAt: .uptimeNanoseconds(sentAt), now: .now())
        if !tally.isOver { send(context) }
    }

    func channelReadComplete(context: ChannelHandlerContext) { context.flush() }

    private func send(_ context: ChannelHandlerContext) {
        message.clear()
        message.writeInteger(NIODeadline.now().uptimeNanoseconds)
        message.writeRepeatingByte(0x61, count: max(0, tally.size - message.readableBytes))
        context.write(NIOAny(AddressedEnvelope(remoteAddress: server, data: message)), promise: nil)
    }
}
