import NIOCore
import NIOPosix

/// A TCP server behind the edge that says everything back, and ends when its client has ended and heard it all.
final class EchoTarget: Sendable {
    private let listener: any Channel

    /// HOST:PORT; it stays known when it is closed.
    let address: String
    let port: Int

    static func start() async throws -> EchoTarget {
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Echo())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return EchoTarget(listener: listener)
    }

    private init(listener: any Channel) {
        self.listener = listener
        port = listener.localAddress?.port ?? 0
        address = "127.0.0.1:\(port)"
    }

    func close() async throws { try await listener.close() }

    private final class Echo: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.writeAndFlush(data, promise: nil)
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            // NIO writes what waits before it closes.
            if case .inputClosed? = event as? ChannelEvent { context.close(mode: .output, promise: nil) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
