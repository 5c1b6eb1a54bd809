import GodwitTransport
import GodwitWire
import NIOCore

/// The UDP socket of one loop, as the end of a channel's pipeline: datagrams in, datagrams out, one flush a turn.
final class DatagramSocket: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    typealias OutboundOut = AddressedEnvelope<ByteBuffer>

    private let loop: EdgeLoop
    private var context: ChannelHandlerContext?
    private var needsFlush = false
    private(set) var isIPv6 = false
    private var batcher = DatagramBatcher()
    /// One batch of a flush is watched: what the kernel does not take of one, it takes of none.
    private var watchesBatch = true

    init(loop: EdgeLoop) {
        self.loop = loop
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.socket = self
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        if case .v6 = context.channel.localAddress { isIPv6 = true }
        // Without, no marks are seen, and peers stop sending them.
        try? context.channel.syncOptions?.setOption(.explicitCongestionNotification, value: true)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        let mark = ECNCodepoint(envelope.metadata)
        guard let segmentBytes = envelope.metadata?.segmentSize else {
            return loop.receive(envelope.data, from: envelope.remoteAddress, mark: mark)
        }
        loop.metrics.batchesReceived.add()
        for datagram in DatagramSegments(envelope.data, segmentBytes: segmentBytes) {
            loop.metrics.batchedDatagramsReceived.add()
            loop.receive(datagram, from: envelope.remoteAddress, mark: mark)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        loop.endTurn()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { loop.socketBecameWritable() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        loop.socketFailed(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        loop.socketClosed(self)
    }

    var channel: (any Channel)? { context?.channel }

    /// False while the kernel takes no more: datagrams then wait in their connections, which are bounded.
    var isWritable: Bool { context?.channel.isWritable ?? false }

    func write(_ datagram: ByteBuffer, to destination: SocketAddress, mark: ECNCodepoint = .notCapable) {
        write(AddressedEnvelope(remoteAddress: destination, data: datagram, metadata: mark.metadata), promise: nil)
    }

    /// Writes a datagram with those behind it to the same destination; follow with `endBatch`.
    func join(_ datagram: ByteBuffer, to destination: SocketAddress, remote: Address, mark: ECNCodepoint, mayJoin: Bool)
    {
        if let ready = batcher.add(datagram, to: destination, remote: remote, mark: mark, mayJoin: mayJoin) {
            write(ready)
        }
    }

    func endBatch() {
        if let ready = batcher.end() { write(ready) }
    }

    private func write(_ batch: DatagramBatch) {
        var promise: EventLoopPromise<Void>?
        if batch.count > 1 {
            loop.metrics.batchesSent.add()
            loop.metrics.batchedDatagramsSent.add(batch.count)
            promise = watch(batch)
        }
        let envelope = AddressedEnvelope(
            remoteAddress: batch.destination, data: batch.data, metadata: batch.metadata)
        write(envelope, promise: promise)
    }

    private func watch(_ batch: DatagramBatch) -> EventLoopPromise<Void>? {
        guard watchesBatch, let context else { return nil }
        watchesBatch = false
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenFailure { [loop] error in loop.batchFailed(batch, error) }
        return promise
    }

    private func write(_ envelope: AddressedEnvelope<ByteBuffer>, promise: EventLoopPromise<Void>?) {
        guard let context else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        context.write(wrapOutboundOut(envelope), promise: promise)
        needsFlush = true
    }

    func flush() {
        guard needsFlush else { return }
        needsFlush = false
        watchesBatch = true
        context?.flush()
    }

    func close() {
        context?.close(promise: nil)
    }
}
