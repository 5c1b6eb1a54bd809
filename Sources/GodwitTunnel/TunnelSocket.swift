import Glibc
import NIOCore

/// A program's or target's TCP connection, as its table sees it.
package protocol TunnelSocket: AnyObject {
    func perform(_ action: TunnelStream.Action)
    /// Reads once more if the stream takes more.
    func readIfWanted()
    /// Both directions have ended in order.
    func finish()
}

/// The end of a tunnelled TCP connection's pipeline: what the channel says goes to the table, what the table wants goes to the
/// channel. The channel has `autoRead` off and allows half closure; it is read when the stream has room, one read at a time.
///
/// It may exist before its channel does: what is to be written waits for `start`.
package final class TunnelChannelHandler: ChannelInboundHandler, TunnelSocket {
    package typealias InboundIn = ByteBuffer
    package typealias OutboundOut = ByteBuffer

    private let tunnel: UInt64
    private weak var table: TunnelTable?
    /// Something has happened that may have given the session frames to send.
    private let turnEnded: () -> Void
    private let startsWhenActive: Bool

    private var context: ChannelHandlerContext?
    private var isStarted = false
    /// Bytes behind the write that is under way: one write at a time, so that many small frames cost no more than their bytes.
    private var unwritten = ByteBuffer()
    private var isWriting = false
    private var mustFinishWriting = false
    private var isAborted = false
    private var hasFailed = false

    /// - Parameter startsWhenActive: for a program's connection, which may be read at once.
    package init(
        tunnel: UInt64, table: TunnelTable, startsWhenActive: Bool = false, turnEnded: @escaping () -> Void
    ) {
        self.startsWhenActive = startsWhenActive
        self.tunnel = tunnel
        self.table = table
        self.turnEnded = turnEnded
    }

    /// The channel is connected and the peer may be sent what it says.
    package func start() {
        isStarted = true
        if isAborted { return abort() }
        guard context?.channel.isActive == true else {
            table?.lost(tunnel)
            return
        }
        write()
        readIfWanted()
    }

    // MARK: From the channel

    package func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    package func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    package func channelActive(context: ChannelHandlerContext) {
        if startsWhenActive { start() }
    }

    package func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        table?.read(unwrapInboundIn(data), from: tunnel, now: .now())
    }

    package func channelReadComplete(context: ChannelHandlerContext) {
        readIfWanted()
        turnEnded()
    }

    package func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .inputClosed? = event as? ChannelEvent else { return }
        table?.readEnded(tunnel)
        turnEnded()
    }

    package func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A reset or a timeout of TCP: `channelInactive` follows and does the rest.
        hasFailed = true
        context.close(promise: nil)
    }

    package func channelInactive(context: ChannelHandlerContext) {
        // With its writing half closed, a channel that reads the end is closed without saying so.
        if !hasFailed { table?.readEnded(tunnel) }
        table?.lost(tunnel)
        turnEnded()
    }

    // MARK: From the table

    package func readIfWanted() {
        if isStarted, table?.wantsRead(tunnel) == true { context?.read() }
    }

    package func perform(_ action: TunnelStream.Action) {
        switch action {
        case .write(let bytes):
            if unwritten.readableBytes == 0 {
                unwritten = bytes
            } else {
                unwritten.writeImmutableBuffer(bytes)
            }
            write()
        case .finishWriting:
            mustFinishWriting = true
            write()
        case .abort:
            isAborted = true
            abort()
        }
    }

    package func finish() { context?.close(promise: nil) }

    /// The stream says `finishWriting` after the last write was confirmed, so nothing waits then, except before `start`.
    private func write() {
        guard isStarted, !isWriting, !isAborted, let context else { return }
        guard unwritten.readableBytes > 0 else {
            if mustFinishWriting { context.close(mode: .output, promise: nil) }
            return
        }
        let bytes = unwritten
        unwritten = ByteBuffer()
        isWriting = true
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(bytes)).whenSuccess { bound.value.wrote(bytes.readableBytes) }
    }

    private func wrote(_ count: Int) {
        isWriting = false
        table?.wrote(count, to: tunnel, now: .now())
        write()
        turnEnded()
    }

    /// Closes with an RST: a program must not take a broken stream for one that has ended.
    private func abort() {
        guard let context else { return }
        if let socket = context.channel as? any SocketOptionProvider {
            _ = socket.setSoLinger(linger(l_onoff: 1, l_linger: 0))
        }
        context.close(promise: nil)
    }
}
