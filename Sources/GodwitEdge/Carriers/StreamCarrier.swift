import GodwitSession
import GodwitTLS
import GodwitWire
import NIOCore

/// One TCP connection of a client: TLS on memory buffers, and framed envelopes inside. The end of a channel's pipeline.
final class StreamCarrier: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let id: CarrierID
    var binding = CarrierBinding.unopened
    var isTouched = false
    /// The session was told to wait until the channel is writable.
    var isBlocked = false
    /// The earliest entry in the loop's heap.
    var armed: NIODeadline?
    private(set) var isEstablished = false
    let acceptedAt: NIODeadline
    /// When something arrived last.
    private(set) var lastHeard: NIODeadline

    private let loop: EdgeLoop
    private let engine: TLSEngine
    private var decoder = StreamFrameDecoder()
    private var plaintext = ByteBuffer()
    /// Framed envelopes of this turn, encrypted together at its end.
    private var outgoing = ByteBuffer()
    private var context: ChannelHandlerContext?
    private var isOver = false

    init(id: CarrierID, loop: EdgeLoop, engine: TLSEngine, now: NIODeadline) {
        self.id = id
        self.loop = loop
        self.engine = engine
        acceptedAt = now
        lastHeard = now
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        // For a connection that never became active nothing else says that it is gone.
        loop.ended(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        let records = unwrapInboundIn(data)
        lastHeard = loop.turnTime()
        loop.metrics.streamBytesReceived.add(records.readableBytes)
        do throws(TLSError) {
            try engine.receive(records, now: lastHeard)
            if engine.isHandshakeComplete, !isEstablished {
                isEstablished = true
                loop.established(self, isResumed: engine.isResumed)
            }
            if isEstablished, try engine.read(into: &plaintext) { takeEnvelopes() }
        } catch {
            fail(error)
            return
        }
        loop.touch(self)
        if engine.isClosed { loop.close(self, .finished) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        loop.endTurn()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        unblock(context)
        loop.endTurn()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The client has sent its last. What it is still owed waits in the session for its next carrier.
        if case .inputClosed? = event as? ChannelEvent, !isOver {
            do throws(TLSError) {
                try engine.receiveEndOfStream()
                loop.close(self, .finished)
            } catch {
                fail(error)
            }
            loop.endTurn()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset or a timeout of TCP: `channelInactive` follows and does the rest.
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        loop.ended(self)
        isOver = true
        loop.endTurn()
    }

    /// Takes an envelope for the client; it leaves at the end of the turn.
    ///
    /// - Returns: false when no more should come for now: `carrierReady` tells the session when.
    func send(_ envelope: ByteBuffer) -> Bool {
        guard !isOver, let context else { return false }
        StreamFraming.encode(envelope, into: &outgoing)
        loop.touch(self)
        guard !context.channel.isWritable || outgoing.readableBytes >= Self.turnBytesMax else { return true }
        isBlocked = true
        return false
    }

    /// Envelopes taken in one turn before the session has to wait.
    private static let turnBytesMax = 64 * 1024

    /// Encrypts and writes what this turn produced.
    func flush() {
        guard let context else { return }
        if outgoing.readableBytes > 0 {
            do throws(TLSError) {
                try engine.write(outgoing)
                outgoing.clear(minimumCapacity: Self.keptCapacity)
            } catch {
                fail(error)
                return
            }
        }
        if let records = engine.takeOutput() {
            loop.metrics.streamBytesSent.add(records.readableBytes)
            context.writeAndFlush(wrapOutboundOut(records), promise: nil)
        }
        unblock(context)
    }

    private func unblock(_ context: ChannelHandlerContext) {
        guard isBlocked, !isOver, context.channel.isWritable, outgoing.readableBytes == 0 else { return }
        isBlocked = false
        loop.carrierHasRoom(binding, id, .media)
    }

    /// An idle connection keeps no more than this.
    private static let keptCapacity = 4_096

    /// Says goodbye in TLS if the peer can hear it, and closes the connection once that is written.
    func close(tellPeer: Bool) {
        guard !isOver, let context else { return }
        flush()
        isOver = true
        if tellPeer {
            engine.close()
            if let records = engine.takeOutput() { context.write(wrapOutboundOut(records), promise: nil) }
        }
        context.flush()
        context.close(promise: nil)
    }

    private func takeEnvelopes() {
        decoder.receive(plaintext)
        plaintext = ByteBuffer()
        do throws(EnvelopeError) {
            while !isOver, let envelope = try decoder.next() { loop.receive(envelope, on: self) }
        } catch {
            loop.close(self, .session(.envelope(error)))
        }
    }

    private func fail(_ error: TLSError) {
        guard !isOver else { return }
        // The engine may hold an alert that tells the peer why.
        if let context, let records = engine.takeOutput() { context.write(wrapOutboundOut(records), promise: nil) }
        loop.failed(self, error)
        loop.endTurn()
    }
}
