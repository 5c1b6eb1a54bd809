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
        loop.receive(envelope.data, from: envelope.remoteAddress, mark: ECNCodepoint(envelope.metadata))
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

    /// False while the kernel takes no more: datagrams then wait in their connections, which are bounded.
    var isWritable: Bool { context?.channel.isWritable ?? false }

    func write(_ datagram: ByteBuffer, to destination: SocketAddress, mark: ECNCodepoint = .notCapable) {
        guard let context else { return }
        let envelope = AddressedEnvelope(remoteAddress: destination, data: datagram, metadata: mark.metadata)
        context.write(wrapOutboundOut(envelope), promise: nil)
        needsFlush = true
    }

    func flush() {
        guard needsFlush else { return }
        needsFlush = false
        context?.flush()
    }

    func close() {
        context?.close(promise: nil)
    }
}
