import GodwitTLS
import GodwitWire
import NIOCore
import NIOPosix

/// A client's stream carrier: TLS on a TCP connection.
final class StreamLink: ChannelInboundHandler, ClientCarrier {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let engine: ClientEngine
    private let tls: TLSEngine
    private var decoder = StreamFrameDecoder()
    private var context: ChannelHandlerContext?
    private var isAttached = false

    private init(engine: ClientEngine) throws {
        self.engine = engine
        tls = try TLSEngine(context: engine.tls, role: .client, serverName: nil, middleboxCompatibility: true)
    }

    static func open(_ engine: ClientEngine) -> EventLoopFuture<Void> {
        let bound = NIOLoopBound(engine, eventLoop: engine.loop)
        return ClientBootstrap(group: engine.loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(StreamLink(engine: bound.value))
                }
            }
            .connect(to: engine.server)
            .map { _ in }
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        try? tls.start()
        flush()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !engine.isDeaf else { return }
        do {
            try tls.receive(unwrapInboundIn(data), now: .now())
            if tls.isHandshakeComplete, !isAttached {
                isAttached = true
                engine.attach(self)
            }
            var plaintext = ByteBuffer()
            if try tls.read(into: &plaintext) { decoder.receive(plaintext) }
            while let envelope = try decoder.next() { engine.receive(envelope, from: self) }
        } catch {
            context.close(promise: nil)
        }
        flush()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        engine.lost(self, .streamClosed)
    }

    func send(_ envelope: ByteBuffer) {
        var framed = ByteBuffer()
        StreamFraming.encode(envelope, into: &framed)
        try? tls.write(framed)
    }

    func flush() {
        guard let context, let records = tls.takeOutput() else { return }
        context.writeAndFlush(wrapOutboundOut(records), promise: nil)
    }

    func abandon() {
        context?.close(promise: nil)
        context = nil
    }
}
