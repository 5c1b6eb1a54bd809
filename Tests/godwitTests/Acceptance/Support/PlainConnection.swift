import NIOCore
import NIOPosix

/// A TCP connection of a program that knows nothing of Godwit.
final class PlainConnection: Sendable {
    /// How the other side ended it.
    enum Ending: Sendable, Equatable {
        /// With an orderly end after these bytes.
        case finished([UInt8])
        /// Broken off.
        case broken
    }

    private let channel: any Channel
    private let ending: EventLoopFuture<Ending>
    /// Grows with each piece that arrives.
    let arrived: EventLog<Int>

    static func open(port: Int) async throws -> PlainConnection {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let ending = loop.makePromise(of: Ending.self)
        let arrived = EventLog<Int>()
        let channel = try await ClientBootstrap(group: loop)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Reader(ending: ending, arrived: arrived))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return PlainConnection(channel: channel, ending: ending.futureResult, arrived: arrived)
    }

    private init(channel: any Channel, ending: EventLoopFuture<Ending>, arrived: EventLog<Int>) {
        self.channel = channel
        self.ending = ending
        self.arrived = arrived
    }

    func write(_ bytes: [UInt8]) { channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil) }

    /// Says that it has no more to say, and goes on reading.
    func endWriting() { channel.close(mode: .output, promise: nil) }

    /// Waits for the other side's end.
    func end() async throws -> Ending { try await ending.get() }

    /// Says `bytes`, ends, and hears the other side out.
    static func exchange(_ bytes: [UInt8], port: Int) async throws -> Ending {
        let connection = try await open(port: port)
        connection.write(bytes)
        connection.endWriting()
        return try await connection.end()
    }

    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let ending: EventLoopPromise<Ending>
        private let arrived: EventLog<Int>
        private var bytes: [UInt8] = []
        private var isBroken = false

        init(ending: EventLoopPromise<Ending>, arrived: EventLog<Int>) {
            self.ending = ending
            self.arrived = arrived
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            bytes += unwrapInboundIn(data).readableBytesView
            arrived.append(bytes.count)
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .inputClosed? = event as? ChannelEvent { ending.succeed(.finished(bytes)) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            isBroken = true
            context.close(promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            ending.succeed(isBroken ? .broken : .finished(bytes))
        }
    }
}
